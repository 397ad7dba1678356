// A Redis server connection: many clients' commands go out on it, and each reply goes to the client
// whose turn it is; or one client has it to itself. A client that has gone leaves its place, and
// its reply is thrown away. On its home loop.
// Source: Redis documentation, "Redis serialization protocol specification", "Transactions".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/redis_relay.h"
#include "proxy/redis_turns.h"
#include "proxy/server_connection.h"
#include "wire/redis/reply_scanner.h"

namespace weir::proxy {

class RedisSession;

struct SharerTag;

class RedisServer final : public ServerConnection {
  public:
    RedisServer(PoolLoop& home, TenantPool& tenant, pool::CompatibilityKey key,
                upstream::Established established, std::uint32_t id);
    ~RedisServer() override;

    // -- from the sessions that use it
    void join(RedisSession& sharer);  // the pool has granted it to be shared …
    void hold(RedisSession& holder);  // … or alone
    void send(loop::Slice bytes);
    void send(std::string_view text);
    // So many replies of what is sent are this client's. `muted`: it wants none of them;
    // `transaction`: when the one began that the last of them ends.
    void expect(RedisSession& client, unsigned replies, bool muted,
                std::optional<base::Instant> transaction);
    void note_command(std::string_view name);  // what operators are shown
    [[nodiscard]] bool resp3() const { return resp3_; }
    // A sharer to whom nothing is due any more.
    void part(RedisSession& sharer);
    // The holder is done, nothing is due. `in_doubt`: it may have left something behind.
    void release(bool in_doubt);
    // The client has gone, whatever is due to it. For a holder: `fit`: what it left can be undone.
    void abandon(RedisSession& client, bool fit);
    void pause(bool paused);
    [[nodiscard]] std::size_t unsent() const { return stream_ == nullptr ? 0 : stream_->unsent(); }

    // -- everything the server says is the holder's, in whatever number
    void relay_everything();
    // Asks the server for a sign: the holder is told fence_reached() once everything that was asked
    // before is passed on. One asked for before is forgotten. Precondition: relays, no MULTI is
    // open.
    void fence();
    [[nodiscard]] bool fenced() const { return relay_.asked(); }
    [[nodiscard]] std::int64_t subscriptions() const { return relay_.subscriptions(); }
    // Precondition: the fence is reached, and nothing was sent since.
    void end_relay() { relays_ = false; }

    // -- ServerConnection
    void check() override;
    void reclaim(bool keep_connection, telemetry::ClientClose reason, const std::string& sqlstate,
                 const std::string& message) override;
    [[nodiscard]] Session* holder() const override;
    [[nodiscard]] std::string last_statement() const override { return command_; }
    [[nodiscard]] std::string held_state() const override;

  private:
    enum class Chore : std::uint8_t { none, check, clean };
    // Where in a chunk its present piece lies, and what before it is not passed on yet.
    struct Place {
        std::size_t from, begin, end;
    };

    void received(loop::Slice bytes) override;
    void drained() override;
    void say_goodbye() override {}  // the half-close says it
    void lost(int error, bool ended_cleanly) override;
    void cancel_delivered(bool /*delivered*/) override {}
    [[nodiscard]] bool chore_late() override { return false; }

    [[nodiscard]] RedisSession* receiver() const { return relays_ ? holder_ : turns_.next(); }
    void pass(RedisSession* client, const loop::Slice& bytes, std::size_t from, std::size_t to);
    void take_turn(const loop::Slice& bytes, const wire::redis::ReplyPiece& piece, Place& place);
    void relay(const loop::Slice& bytes, const wire::redis::ReplyPiece& piece, Place& place);
    void turn_ended(const wire::redis::ReplyPiece& piece);
    void count(const RedisTurn& turn, const wire::redis::ReplyPiece& piece);
    void unasked(const wire::redis::ReplyPiece& piece);

    // -- redis_server_cleaning.cpp
    void clean();
    void begin(Chore chore, std::string_view commands, unsigned replies);
    void note_chore_reply(const wire::redis::ReplyPiece& piece);
    void chore_done();
    void relay_cleaned();
    void forget(const RedisSession& client);  // its replies are thrown away
    // Everybody is told that theirs will not come, and the connection goes.
    void fail(pool::ReapReason reason, const std::string& error);
    void desync();

    const bool resp3_;
    RedisSession* holder_ = nullptr;
    base::List<RedisSession, SharerTag> sharers_;
    wire::redis::ReplyScanner scanner_;
    RedisTurns turns_;
    RedisRelay relay_;
    bool relays_ = false;   // everything is the holder's
    bool refused_ = false;  // the server did not do what a chore asked
    Chore chore_ = Chore::none;
    std::string chore_reply_;  // the beginning of its last one
    std::string command_;
};

}  // namespace weir::proxy
