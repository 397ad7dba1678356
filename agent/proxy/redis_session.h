// A Redis client at the home of its pool. In multiplex mode its commands go out between those of
// others; what needs a connection of its own gets one for as long as that lasts. A client's replies
// come in the order of its commands: while any is due it stays on one connection, and what Weir
// answers itself waits until none is. On its home loop. Source: Redis documentation, "Pipelining",
// "Transactions", "Pub/Sub"; the commands are in redis_commands.cpp.
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
    void answered(char type);  // a reply's last byte was passed on
    void relayed();            // the same while everything is
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

    // A connection of one's own, and what keeps it.
    struct Lease {
        bool held = false;
        bool kept = false;     // for as long as the client stays: mode session or direct
        bool relayed = false;  // until it goes: subscribed, monitoring, tracking
        bool watch = false;
        bool multi = false;
        bool blocking = false;
        bool in_doubt = false;  // a command may not have done what it says
    };

    void received(loop::Slice bytes) override;
    void end_of_input() override;
    void drained() override;
    void closed(int error) override;
    void run() override;

    // Takes commands off the front of pending_ and `fresh`, which follows it.
    void take(const loop::Slice& fresh);
    [[nodiscard]] std::size_t process(std::string_view buffer, const loop::Slice* slice);
    [[nodiscard]] std::size_t pass_long(std::string_view bytes, const loop::Slice* slice);
    [[nodiscard]] bool blocked() const;
    void go_on();  // at the end of the turn

    // -- redis_commands.cpp
    [[nodiscard]] Verdict handle(const Request& request);
    [[nodiscard]] Verdict handle_long(const Request& request);
    void begin_long();  // once its connection is there; precondition: it waits
    [[nodiscard]] Verdict handle_as(Command command, const Request& request);
    [[nodiscard]] Verdict forward(const Request& request, unsigned replies = 1);
    [[nodiscard]] Verdict forward_alone(telemetry::PinReason reason, const Request& request);
    [[nodiscard]] Verdict relay_from(telemetry::PinReason reason, const Request& request);
    [[nodiscard]] Verdict refuse_queued(const Request& request);
    [[nodiscard]] Verdict answer(std::string_view text);
    [[nodiscard]] Verdict answer_here(Command command, const Request& request);
    [[nodiscard]] Verdict in_refused_multi(Command command);
    [[nodiscard]] Verdict hello(const Request& request);
    [[nodiscard]] Verdict select(const Request& request);
    [[nodiscard]] Verdict reset();
    [[nodiscard]] std::string client_info() const;
    void move();  // to its destination

    // -- its connection
    [[nodiscard]] bool obtain(bool alone, telemetry::PinReason reason);
    void link(ServerConnection& server);
    void nothing_due();
    void give_back();
    void let_go();
    [[nodiscard]] bool lease_over() const;
    void keep_quiet();
    [[nodiscard]] RedisServer& server() const;

    void say(std::string_view text);
    void wrote();
    void count_out(std::size_t bytes);
    void pause_client(bool& reason);
    void resume_client(bool& reason);
    void farewell(const std::string& error, telemetry::ClientClose reason);
    void leave(telemetry::ClientClose reason);

    wire::redis::RequestScanner scanner_{wire::redis::RequestScanner::Limits()};
    std::string pending_;  // commands that are not whole, or wait
    unsigned due_ = 0;
    base::Instant joined_at_{};
    Lease lease_;
    telemetry::PinReason wanted_ = telemetry::PinReason::other;  // while it waits for a lease
    Long long_ = Long::none;
    Command long_command_ = Command::ordinary;
    std::string long_head_;     // of one that waits
    std::string long_refusal_;  // of one that is thrown away
    std::optional<std::string> refusal_;
    std::optional<Route> destination_;  // another pool, by SELECT …
    std::string destination_database_;  // … of this number
    bool refused_multi_ = false;        // what was to be queued is not run
    bool leaving_ = false;              // with the last reply
    bool draining_ = false;
    bool quiet_ = false;
    bool server_full_ = false;   // its server connection does not take what it sends
    bool backlog_full_ = false;  // what it sent waits
    bool output_full_ = false;   // it does not take its answers
    bool server_paused_ = false;
};

}  // namespace weir::proxy
