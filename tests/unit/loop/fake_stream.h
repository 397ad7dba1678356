// A stream without a socket: the test plays the peer. Bytes injected are told in later turns, in
// the pieces and with the delay of the loop's weather; what the user writes is kept for the test.
// Strict where a backend is lenient: whoever touches a stream after its last turn fails an
// assertion. Owned by its FakeLoop and readable by the test until that dies.
#pragma once

#include <algorithm>
#include <cassert>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "loop/stream.h"

namespace weir::loop {

// A buffer of its own for each slice, spoiled when the last one is gone.
class FakeChunk final : public Chunk {
  public:
    [[nodiscard]] static Slice slice(std::string_view text) {
        auto* chunk = new FakeChunk(text);
        return {*chunk, chunk->bytes_};
    }

  private:
    explicit FakeChunk(std::string_view text) : bytes_(text) {}
    void unreferenced() override {
        std::fill(bytes_.begin(), bytes_.end(), '\xdd');
        delete this;
    }

    std::string bytes_;
};

class FakeFd final : public FdOwner {
  public:
    explicit FakeFd(int fd, bool* gone = nullptr) : fd_(fd), gone_(gone) {}
    ~FakeFd() override {
        if (gone_ != nullptr) *gone_ = true;
    }
    FakeFd(const FakeFd&) = delete;
    FakeFd& operator=(const FakeFd&) = delete;
    [[nodiscard]] int fd() const override { return fd_; }

  private:
    int fd_;
    bool* gone_;
};

// How a loop delivers. As it is: whole, in the next turn, in order of opening.
struct Weather {
    std::size_t longest_piece = std::string::npos;  // bytes told in one received()
    bool random_pieces = false;                     // 1 to longest_piece
    unsigned longest_delay = 0;                     // turns, random, between injection and telling
    bool shuffle = false;                           // streams take their turns in random order
    bool one_piece_a_turn = false;
    bool late_pause = false;   // one more piece is told after pause_receive()
    unsigned dying_turns = 0;  // turns that a closed stream's descriptor lives on

    // Everything at its worst, the way a loaded machine may be.
    [[nodiscard]] static Weather rough(std::size_t longest_piece = 7) {
        return {longest_piece, true, 3, true, true, true, 2};
    }
};

class FakeStream final : public Stream {
  public:
    FakeStream(Detached connection, StreamEvents& events, const Weather& weather,
               std::mt19937& random, const base::Instant& now, const unsigned& turn)
        : owner_(std::move(connection.owner)),
          fd_(owner_->fd()),
          events_(&events),
          weather_(weather),
          random_(random),
          now_(now),
          turn_(turn) {
        if (!connection.unread.empty()) inject(connection.unread);
        if (connection.input_ended) inject_end();
        if (!connection.unsent.empty()) write(connection.unsent);
    }
    FakeStream(const FakeStream&) = delete;
    FakeStream& operator=(const FakeStream&) = delete;

    // ---- the test's side: the peer
    void inject(std::string_view bytes) { due({What::bytes, std::string(bytes)}); }
    void inject_end() { due({What::end, {}}); }
    void inject_close(int error) { due({What::close, {}, error}); }
    // Bytes that the peer takes each turn from now on; 0 stalls it.
    void take_at_most(std::size_t bytes_a_turn) { takes_ = bytes_a_turn; }

    [[nodiscard]] const std::string& sent() const { return sent_; }  // since the last take_sent()
    std::string take_sent() { return std::exchange(sent_, {}); }
    [[nodiscard]] unsigned sends() const { return sends_; }  // system calls it would have cost
    [[nodiscard]] bool fin_sent() const { return fin_sent_; }
    [[nodiscard]] bool paused() const { return paused_; }
    [[nodiscard]] bool open() const { return state_ == State::open; }
    [[nodiscard]] bool lingering() const { return state_ == State::lingering; }
    [[nodiscard]] bool given_away() const { return given_away_; }
    [[nodiscard]] bool gone() const {
        return owner_ == nullptr;
    }  // its descriptor is closed or given away
    void acknowledge(std::optional<std::uint64_t> bytes) { acknowledged_ = bytes; }

    // ---- the user's side
    void write(Slice bytes) override { write(bytes.bytes()); }
    void write(std::string_view text) override {
        assert(!buried_);
        if (state_ != State::open || write_ended_) return;
        unsent_.append(text);
        if (unsent_.size() > pause_mark) drained_due_ = true;
    }
    [[nodiscard]] std::size_t unsent() const override {
        assert(!buried_);
        return unsent_.size();
    }
    void pause_receive() override {
        assert(!buried_);
        if (!paused_ && weather_.late_pause) under_way_ = true;
        paused_ = true;
    }
    void resume_receive() override {
        assert(!buried_);
        paused_ = false;
        under_way_ = false;
    }
    void shutdown_write() override {
        assert(!buried_);
        if (state_ == State::open) write_ended_ = true;
    }
    void close() override {
        assert(!buried_);
        die();
    }
    void close_after_flush() override {
        assert(!buried_);
        if (state_ != State::open) return;
        state_ = State::lingering;
        write_ended_ = true;
        linger_until_ = now_ + std::chrono::seconds(2);
    }
    void detach(std::unique_ptr<DetachDone> done) override {
        assert(!buried_);
        if (state_ != State::open) return;
        assert(!write_ended_);
        state_ = State::detaching;
        done_ = std::move(done);
    }
    // What the user would do next is the library's business: fakes stay plain.
    void start_tls(std::unique_ptr<Tls> /*tls*/, std::string_view /*ciphertext*/) override {
        assert(!"no TLS over a fake stream");
    }
    [[nodiscard]] const Tls* tls() const override { return nullptr; }
    void set_events(StreamEvents& events) override {
        assert(!buried_);
        events_ = &events;
    }
    [[nodiscard]] std::optional<std::uint64_t> acknowledged_bytes() const override {
        return acknowledged_;
    }
    [[nodiscard]] int fd() const override { return fd_; }

    // ---- the loop's side
    // Whether turning the loop changes nothing any more.
    [[nodiscard]] bool quiet() const {
        if (state_ == State::dead) return buried_;
        if (state_ == State::detaching) return false;
        const bool held = paused_ && !under_way_ && state_ == State::open;
        if (!events_due_.empty() && !(held && events_due_.front().what != What::close))
            return false;
        return unsent_.empty() ? write_ended_ == fin_sent_ : takes_ == 0;
    }

    void tell() {
        if (state_ == State::lingering && now_ >= linger_until_) die();
        bool more = true;
        while (more && !events_due_.empty() && events_due_.front().turn <= turn_) {
            if (state_ == State::lingering) {
                if (std::exchange(events_due_, {}).back().what != What::bytes) die();
                return;
            }
            if (state_ != State::open) return;
            const bool held = paused_ && !under_way_ && events_due_.front().what != What::close;
            if (held) return;
            under_way_ = false;
            tell_one();
            more = !weather_.one_piece_a_turn;
        }
    }

    void flush() {
        if (state_ == State::dead) return;
        const std::size_t size = std::min(unsent_.size(), takes_);
        if (size > 0) {
            ++sends_;
            sent_.append(unsent_, 0, size);
            unsent_.erase(0, size);
        }
        if (write_ended_ && unsent_.empty()) fin_sent_ = true;
        if (state_ == State::open && drained_due_ && unsent_.size() <= resume_mark) {
            drained_due_ = false;
            events_->drained();
        }
    }

    void end_turn() {
        if (state_ == State::detaching) give_away();
        if (state_ == State::dead && !buried_ && turn_ >= died_ + weather_.dying_turns) {
            buried_ = true;
            owner_.reset();
        }
    }

    void die() {
        if (state_ == State::dead) return;
        state_ = State::dead;
        died_ = turn_;
        unsent_.clear();
        events_due_.clear();
    }

  private:
    enum class State { open, lingering, detaching, dead };
    enum class What { bytes, end, close };
    struct Event {
        What what;
        std::string text;
        int error = 0;
        unsigned turn = 0;
    };

    void due(Event event) {
        const unsigned delay =
            weather_.longest_delay == 0 ? 0 : unsigned(random_() % (weather_.longest_delay + 1));
        event.turn = turn_ + 1 + delay;
        if (!events_due_.empty()) event.turn = std::max(event.turn, events_due_.back().turn);
        events_due_.push_back(std::move(event));
    }

    void tell_one() {
        Event& event = events_due_.front();
        if (event.what == What::bytes && !event.text.empty()) {
            std::size_t size = std::min(event.text.size(), weather_.longest_piece);
            if (weather_.random_pieces) size = 1 + random_() % size;
            const Slice piece = FakeChunk::slice(std::string_view(event.text).substr(0, size));
            event.text.erase(0, size);
            if (event.text.empty()) events_due_.pop_front();
            events_->received(piece);
            return;
        }
        const Event taken = std::move(event);
        events_due_.pop_front();
        if (taken.what == What::end) {
            input_ended_ = true;
            events_->end_of_input();
        } else if (taken.what == What::close) {
            die();
            events_->closed(taken.error);
        }
    }

    void give_away() {
        Detached result;
        result.owner = std::move(owner_);
        for (const Event& event : events_due_) {
            result.unread += event.text;
            if (event.what == What::end) result.input_ended = true;
        }
        result.input_ended = result.input_ended || input_ended_;
        result.unsent = unsent_;
        given_away_ = true;
        buried_ = true;
        die();
        const auto done = std::move(done_);
        done->detached(std::move(result));
    }

    std::unique_ptr<FdOwner> owner_;
    int fd_;
    StreamEvents* events_;
    const Weather& weather_;
    std::mt19937& random_;
    const base::Instant& now_;
    const unsigned& turn_;

    std::deque<Event> events_due_;
    std::string unsent_, sent_;
    std::size_t takes_ = std::string::npos;
    unsigned sends_ = 0;
    unsigned died_ = 0;
    State state_ = State::open;
    base::Instant linger_until_;
    std::unique_ptr<DetachDone> done_;
    std::optional<std::uint64_t> acknowledged_;
    bool paused_ = false, under_way_ = false, input_ended_ = false, write_ended_ = false;
    bool fin_sent_ = false, drained_due_ = false, given_away_ = false, buried_ = false;
};

}  // namespace weir::loop
