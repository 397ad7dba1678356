// Seeded random use of many streams at once, each connected to another one of the same loop:
// whatever callbacks do to their own and to other streams, bytes come in order, nothing is told
// twice, and the loop ends up empty. Sanitizers see the rest.
#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <random>

#include "certificates.h"
#include "harness.h"
#include "loop/tls_context.h"

namespace weir::loop {
namespace {

using testing::Pair;
using testing::pattern;

constexpr std::size_t ends = 24;
constexpr std::size_t steps_after_which_all_close = 4000;

class Party;

struct End final : StreamEvents {
    void received(Slice bytes) override;
    void end_of_input() override;
    void drained() override;
    void closed(int) override;
    [[nodiscard]] bool alive() const { return stream != nullptr; }

    Party* party = nullptr;
    Stream* stream = nullptr;  // nullptr once it is closed or on its way to another registration
    bool told_end = false, ended_output = false;
    std::size_t written = 0;  // of the pattern
    std::size_t read = 0;
    std::vector<Slice> kept;
};

class Party {
  public:
    explicit Party(unsigned seed) : random_(seed), text_(pattern(1 << 20)) {
        for (std::size_t i = 0; i < ends; i += 2) {
            Pair pair = i % 4 == 0 ? testing::unix_pair() : testing::tcp_pair();
            ::fcntl(pair.peer.get(), F_SETFL, O_NONBLOCK);
            admit(ends_[i], std::move(pair.ours));
            admit(ends_[i + 1], std::move(pair.peer));
            if (i % 3 == 0) encrypt(ends_[i], ends_[i + 1]);
        }
    }

    // Something to any stream, as likely as not to another one than that which calls.
    void act() {
        ++steps_;
        End& end = ends_[random_() % ends];
        if (!end.alive()) return;
        if (steps_ > steps_after_which_all_close) return leave(end, 0);
        switch (random_() % 40) {
            case 0:
                return leave(end, random_() % 3);
            case 1:
                return detach(end);
            case 2:
                end.stream->shutdown_write();
                end.ended_output = true;
                return;
            case 3:
            case 4:
            case 5:
            case 6:
                return end.stream->pause_receive();
            case 7:
                return end.kept.clear();
            case 8:
                return write(end, 1 + random_() % 150'000);
            default:
                break;
        }
        if (random_() % 3 == 0) return write(end, 1 + random_() % 200);
        end.stream->resume_receive();
    }

    void check(End& end, std::string_view bytes) {
        for (const char byte : bytes) {
            ASSERT_EQ(byte, text_[end.read % text_.size()]);
            ++end.read;
        }
    }
    void admit(End& end, base::Fd fd) {
        end.party = this;
        end.stream = &loop.open(own(std::move(fd)), end);
    }
    void run() {
        for (int turn = 0; turn < 20'000 && !loop.context().all.empty(); ++turn) {
            loop.post([this] {
                for (int i = 0; i < 4; ++i) act();
            });
            loop.turn(nullptr);
        }
    }

    [[nodiscard]] std::size_t read() const {
        return std::accumulate(ends_.begin(), ends_.end(), std::size_t{},
                               [](std::size_t sum, const End& end) { return sum + end.read; });
    }

    EpollLoop loop;

  private:
    struct Reopen final : DetachDone {
        explicit Reopen(End& e) : end(e) {}
        void detached(Detached connection) override {
            end.told_end = false;  // is told again
            end.stream = &end.party->loop.open(std::move(connection), end);
        }
        End& end;
    };

    static void encrypt(End& server, End& client) {
        static const auto accepting = TlsContext::load({testing::Certificates::of("server.crt"),
                                                        testing::Certificates::of("server.key"),
                                                        {},
                                                        nullptr})
                                          .value();
        static SSL_CTX* const connecting = SSL_CTX_new(TLS_client_method());
        SSL* ssl = SSL_new(connecting);
        SSL_set_connect_state(ssl);
        server.stream->start_tls(accepting->accept(), {});
        client.stream->start_tls(std::make_unique<Tls>(*ssl), {});
        SSL_free(ssl);
    }
    void write(End& end, std::size_t size) {
        if (end.ended_output || end.stream->unsent() > Stream::pause_mark) return;
        const std::size_t start = end.written % text_.size();
        size = std::min(size, text_.size() - start);
        end.stream->write(std::string_view(text_).substr(start, size));
        end.written += size;
    }
    void leave(End& end, std::size_t how) {
        Stream* stream = std::exchange(end.stream, nullptr);
        how == 0 ? stream->close() : stream->close_after_flush();
    }
    void detach(End& end) {
        if (end.ended_output) return;
        if (end.stream->tls() != nullptr && !end.stream->tls()->ready()) return;
        std::exchange(end.stream, nullptr)->detach(std::make_unique<Reopen>(end));
    }

    std::mt19937 random_;
    std::string text_;
    std::array<End, ends> ends_;
    std::size_t steps_ = 0;
};

void End::received(Slice bytes) {
    ASSERT_TRUE(alive());
    EXPECT_FALSE(told_end);
    party->check(*this, bytes.bytes());
    if (bytes.size() % 7 == 0) kept.push_back(std::move(bytes));
    party->act();
    party->act();
}

void End::end_of_input() {
    ASSERT_TRUE(alive());
    EXPECT_FALSE(told_end);
    told_end = true;
    party->act();
}

void End::drained() {
    ASSERT_TRUE(alive());
    party->act();
}

void End::closed(int) {
    ASSERT_TRUE(alive());
    stream = nullptr;
    party->act();
}

TEST(EpollRandomTest, any_use_keeps_the_order_of_bytes_and_ends_with_an_empty_loop) {
    std::size_t read = 0;
    for (unsigned seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE(seed);
        Party party(seed);
        party.run();
        EXPECT_TRUE(party.loop.context().all.empty());
        EXPECT_TRUE(party.loop.context().to_flush.empty());
        EXPECT_TRUE(party.loop.context().to_attend.empty());
        read += party.read();
    }
    EXPECT_GT(read, 10U << 20U);  // else the streams died before they were of use
}

}  // namespace
}  // namespace weir::loop
