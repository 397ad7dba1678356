// A Redis client at the home of its pool. In multiplex mode its commands go out between those of
// others; what needs a connection of its own gets one for as long as that lasts. A client's replies
// come in the order of its commands: while any is due it stays on one connection, and what Weir
// answers itself waits until none is. On its home loop.
// Source: Redis documentation, "Pipelining", "Transactions", "Pub/Sub".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/session.h"
#include "wire/redis/commands.h"
#include "wire/redis/request_scanner.h"

namespace weir::proxy {

class RedisServer;

struct SharerTag;

class RedisSession final : public Session, public base::ListHook<SharerTag> {
  public:
    // So many replies may be due to one client of a shared connection: what it does not read must
    // be kept, since others wait behind it.
    static constexpr unsigned most_due = 128;
    // A client of a shared connection that lets more than this wait to be read, and one reply, is
    // sent away. Whoever read too slowly once has a connection of its own the next time, which
    // waits for it.
    static constexpr std::size_t most_unread = std::size_t{128} * 1024 * 1024;

    // A client that sends more than this behind a command without end is sent away.
    static constexpr std::size_t most_unasked = most_unread;

    RedisSession(PoolLoop& home, Newcomer newcomer, TenantPool& tenant, std::uint32_t id);

    void begin() override;
    void granted(ServerConnection& server) override;
    void refused(const pool::Refusal& refusal) override;
    void dismiss(telemetry::ClientClose reason) override;
    void drain() override;
    void reclaimed(telemetry::ClientClose reason, const std::string& sqlstate,
                   const std::string& message) override;
    [[nodiscard]] bool secret_matches(std::string_view /*secret*/) const override { return false; }
    void cancel_requested() override {}

    // -- from its server connection
    void reply(loop::Slice bytes);
    void say(std::string_view text);
    // A reply's last byte was passed on. `error`: of which kind, when it is one.
    void answered(char type, std::string_view error, base::Duration took);
    void relayed();        // the same while everything is
    void fence_reached();  // and nothing is outstanding
    void server_drained();
    // `error` goes for each reply that is due, unless part of one has been passed on.
    void server_lost(const std::string& error, bool torn);
    [[nodiscard]] base::Instant joined_at() const { return joined_at_; }

  private:
    using Command = wire::redis::Command;
    using Request = wire::redis::Request;

    enum class Verdict : std::uint8_t { done, later };
    // A long request: is not, waits for its connection, streams through it, or is thrown away.
    enum class Long : std::uint8_t { none, waits, streams, dropped };
    // What becomes of a client that leaves this pool once nothing is due to it.
    enum class Way : std::uint8_t { stays, to_pool, to_lobby };

    // A connection of one's own, and what keeps it.
    struct Lease {
        bool held = false;
        bool kept = false;     // for as long as the client stays: mode session or direct
        bool relayed = false;  // everything is passed on: subscribed, monitoring or tracking
        bool settled = false;  // relayed, and nothing was asked since the fence was reached
        bool monitor = false;
        bool tracking = false;
        bool watch = false;
        bool multi = false;
        bool blocking = false;
        bool readonly = false;
        bool asking = false;
        bool no_touch = false;
        bool waits = false;     // a client that has used WAIT stays where it writes
        bool in_doubt = false;  // a state of the connection may have been left
        [[nodiscard]] bool needed() const { return kept || waits || stateful(); }
        [[nodiscard]] bool stateful() const {
            return relayed || watch || multi || readonly || asking || no_touch;
        }
    };

    // -- redis_session.cpp: what comes and what goes
    void received(loop::Slice bytes) override;
    void end_of_input() override;
    void drained() override;
    void closed(int error) override;
    void run() override;
    // Takes commands off the front of pending_ and `fresh`, which follows it.
    void take(const loop::Slice& fresh);
    [[nodiscard]] std::size_t process(std::string_view buffer, const loop::Slice* slice);
    [[nodiscard]] bool blocked() const;
    void go_on();  // at the end of the turn
    void wrote();
    void count_out(std::size_t bytes);
    void pause_client(bool& reason);
    void resume_client(bool& reason);

    // -- redis_lease.cpp: its connection
    [[nodiscard]] std::optional<pool::CompatibilityKey> key_for(bool resp3);
    [[nodiscard]] bool change_protocol(bool resp3);  // precondition: no connection is held
    [[nodiscard]] bool obtain(bool alone, telemetry::PinReason reason);
    void link(ServerConnection& server);
    void nothing_due();
    void give_back();
    void let_go();
    [[nodiscard]] bool lease_over() const { return !lease_.needed() && long_ == Long::none; }
    void keep_quiet();
    void be_busy();
    [[nodiscard]] RedisServer& server() const;

    // -- redis_commands.cpp: which go out among others', which alone
    // `buffer` begins with the request; what it takes of it may grow.
    [[nodiscard]] Verdict handle(Request& request, std::string_view buffer);
    [[nodiscard]] Verdict handle_as(Command command, Request& request, std::string_view buffer);
    void put_on(bool Lease::*state);
    // `transaction`: when the one began that it ends.
    [[nodiscard]] Verdict forward(const Request& request, unsigned replies = 1,
                                  std::optional<base::Instant> transaction = {});
    [[nodiscard]] Verdict forward_alone(telemetry::PinReason reason, const Request& request);
    [[nodiscard]] Verdict forward_until(telemetry::PinReason reason, const Request& request,
                                        bool Lease::*state, bool on);
    [[nodiscard]] Verdict relay_from(telemetry::PinReason reason, const Request& request);
    [[nodiscard]] Verdict unsubscribe(const Request& request);
    [[nodiscard]] Verdict tracking(const Request& request);
    [[nodiscard]] Verdict wait(const Request& request);
    [[nodiscard]] Verdict refuse_queued(const Request& request);

    // -- redis_transactions.cpp
    [[nodiscard]] Verdict multi(Request& request, std::string_view buffer);
    [[nodiscard]] Verdict end_multi(const Request& request);
    [[nodiscard]] Verdict in_refused_multi(Command command);
    void abandon_transaction();

    // -- redis_long.cpp: requests that are streamed
    [[nodiscard]] Verdict handle_long(const Request& request);
    void begin_long();  // once its connection is there; precondition: it waits
    [[nodiscard]] std::size_t pass_long(std::string_view bytes, const loop::Slice* slice);

    // -- redis_answers.cpp: what Weir answers itself
    [[nodiscard]] bool may_answer();  // nothing is outstanding; else it is seen to that nothing is
    [[nodiscard]] Verdict answer(std::string_view text);
    [[nodiscard]] Verdict answer_here(Command command, const Request& request);
    [[nodiscard]] Verdict name_client(Command command, const Request& request);
    [[nodiscard]] Verdict client_reply(const Request& request);
    [[nodiscard]] Verdict not_allowed(const Request& request);
    [[nodiscard]] std::string client_info() const;

    // -- redis_moves.cpp: another protocol, account or database
    [[nodiscard]] Verdict hello(const Request& request);
    [[nodiscard]] Verdict speak(bool resp3);
    void fall_back();
    [[nodiscard]] std::optional<std::string> bound(std::string_view command) const;
    [[nodiscard]] Verdict auth(const Request& request);
    [[nodiscard]] Verdict select(const Request& request);
    [[nodiscard]] Verdict reset();
    void move();

    // -- redis_leaving.cpp
    void farewell(const std::string& error, telemetry::ClientClose reason);
    void leave(telemetry::ClientClose reason);

    wire::redis::RequestScanner scanner_{wire::redis::RequestScanner::Limits()};
    std::string pending_;  // commands that are not whole, or wait
    unsigned due_ = 0;
    std::uint32_t carrier_ = 0;  // the connection of its last command
    base::Instant joined_at_{};
    base::Instant multi_since_{};
    Lease lease_;
    telemetry::PinReason wanted_ = telemetry::PinReason::other;  // while it waits for a lease
    Long long_ = Long::none;
    Command long_command_ = Command::ordinary;
    std::string long_head_;     // of one that waits
    std::string long_refusal_;  // of one that is thrown away
    std::optional<std::string> refusal_;
    Way way_ = Way::stays;
    std::optional<Route> destination_;  // another pool …
    std::string destination_database_;  // … of this number
    bool Lease::*begun_ = nullptr;      // the state that its last command is to put on
    bool refused_multi_ = false;        // what was to be queued is not run
    bool silent_ = false;               // CLIENT REPLY OFF
    bool skips_ = false;                // CLIENT REPLY SKIP: the next command's
    bool tries_resp3_ = false;          // no connection has shown yet that it can be had
    bool slow_ = false;                 // it read too slowly on a shared connection
    bool leaving_ = false;              // with the last reply
    bool draining_ = false;
    bool quiet_ = false;
    bool stuck_ = false;         // what it sent waits, though it is not blocked
    bool server_full_ = false;   // its server connection does not take what it sends
    bool backlog_full_ = false;  // what it sent waits
    bool output_full_ = false;   // it does not take its answers
    bool server_paused_ = false;
};

}  // namespace weir::proxy
