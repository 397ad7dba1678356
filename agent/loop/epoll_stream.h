// A stream on the epoll backend. Registered once, level-triggered; interest changes only where an
// event that nobody wants shows that it must (so a pause that is over before more bytes come costs
// nothing) and for a send buffer that is full. Owned by the context's list of all streams.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/intrusive_list.h"
#include "loop/chunks.h"
#include "loop/outbox.h"
#include "loop/stream.h"

namespace weir::loop {

class EpollStream;
struct AllTag;
struct FlushTag;
struct AttendTag;
struct FateTag;

// What a registration with epoll points to.
class EventSource {
  public:
    virtual void ready(std::uint32_t events) = 0;

  protected:
    ~EventSource() = default;
};

// What the streams of one loop share.
struct EpollContext {
    static constexpr std::size_t most_spare_outboxes = 32;

    int epoll = -1;
    base::Instant now;
    Chunks chunks;
    std::vector<std::unique_ptr<Outbox>> spare_outboxes;
    // Of the one call of TLS under way, shared because they are big.
    std::vector<char> ciphertext_in;  // as received; empty before the first
    std::string ciphertext_out;       // not yet in an outbox

    base::List<EpollStream, AllTag> all;
    base::List<EpollStream, FlushTag> to_flush;    // at the end of this turn
    base::List<EpollStream, AttendTag> to_attend;  // in the next turn, without an event
    // By what becomes of them; an open stream is in none.
    base::List<EpollStream, FateTag> detaching, lingering, dead;
};

class EpollStream final : public Stream,
                          public EventSource,
                          public base::ListHook<AllTag>,
                          public base::ListHook<FlushTag>,
                          public base::ListHook<AttendTag>,
                          public base::ListHook<FateTag> {
  public:
    static constexpr std::size_t turn_limit = std::size_t{64} * 1024;  // bytes received in a turn

    // Registers; a failure is told as closed() in the next turn. What is unread is told before
    // anything that is received.
    EpollStream(EpollContext& context, Detached connection, StreamEvents& events);
    ~EpollStream();
    EpollStream(const EpollStream&) = delete;
    EpollStream& operator=(const EpollStream&) = delete;

    void write(Slice bytes) override;
    void write(std::string_view text) override;
    [[nodiscard]] std::size_t unsent() const override {
        return (outbox_ ? outbox_->size() : 0) + (plaintext_ ? plaintext_->size() : 0);
    }
    void pause_receive() override;
    void resume_receive() override;
    void shutdown_write() override;
    void close() override;
    void close_after_flush() override;
    void detach(std::unique_ptr<DetachDone> done) override;
    void start_tls(std::unique_ptr<Tls> tls, std::string_view ciphertext) override;
    [[nodiscard]] const Tls* tls() const override { return tls_.get(); }
    void set_events(StreamEvents& events) override { events_ = &events; }
    [[nodiscard]] std::optional<std::uint64_t> acknowledged_bytes() const override;
    [[nodiscard]] int fd() const override { return owner_->fd(); }

    // The loop's side.
    void ready(std::uint32_t events) override;
    void attend();
    void flush();
    void finish_detach();
    void die();  // without a callback
    [[nodiscard]] base::Instant linger_until() const { return linger_until_; }

  private:
    enum class State : std::uint8_t { open, lingering, detaching, dead };

    [[nodiscard]] bool wants_input() const;
    [[nodiscard]] bool accepts_writes() const {
        return state_ == State::open && !write_ended_ && error_ == 0;
    }
    Outbox& outbox() { return borrowed(tls_ ? plaintext_ : outbox_); }  // for the user's bytes
    Outbox& borrowed(std::unique_ptr<Outbox>& place);
    void written();
    void release(std::unique_ptr<Outbox>& outbox);
    void want_flush();
    void tell_unread();
    void receive();
    void receive_sealed();
    void tell_opened();
    void seal();
    void push_sealed();
    void tls_failed();
    void input_ended();
    void hung_up();
    void sent();
    void send_failed(int error);
    void lose(int error);
    void need_attention();
    void register_interest();
    void update_interest();
    void unregister();

    EpollContext& context_;
    std::unique_ptr<FdOwner> owner_;
    StreamEvents* events_;
    std::unique_ptr<Tls> tls_;             // nullptr: plain
    std::unique_ptr<Outbox> outbox_;       // for the kernel; only while something is unsent
    std::unique_ptr<Outbox> plaintext_;    // not encrypted yet; only under TLS and while there is
    std::unique_ptr<std::string> unread_;  // of another loop
    std::unique_ptr<DetachDone> done_;
    base::Instant linger_until_;
    std::uint32_t interest_ = 0;  // as registered
    int error_ = 0;  // of a send or registration; closed() is due once the input is read
    State state_ = State::open;
    bool registered_ = false;
    bool paused_ = false;
    bool input_ended_ = false;
    bool write_ended_ = false;  // shutdown_write() was called
    bool fin_sent_ = false;
    bool send_blocked_ = false;
    bool above_pause_mark_ = false;  // drained() is due
};

}  // namespace weir::loop
