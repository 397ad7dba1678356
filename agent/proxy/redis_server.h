// A Redis server connection: many clients' commands go out on it, and each reply goes to the client
// whose turn it is; or one client has it to itself. A client that has gone leaves its place, and
// its reply is thrown away. On its home loop.
// Source: Redis documentation, "Redis serialization protocol specification", "Transactions".
#pragma once

#include <deque>
#include <string>
#include <string_view>

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
    // So many replies of what is sent are this client's.
    void expect(RedisSession& client, unsigned replies);
    void note_command(std::string_view name);  // what operators are shown
    // From here on everything the server says is the holder's, in whatever number.
    void relay_everything();
    [[nodiscard]] bool between_replies() const { return scanner_.between_replies(); }
    // A sharer to whom nothing is due any more.
    void part(RedisSession& sharer);
    // The holder is done, nothing is due. `in_doubt`: it may be left watching or in a MULTI.
    void release(bool in_doubt);
    // The client has gone, whatever is due to it. For a holder: `fit`: what it left can be undone.
    void abandon(RedisSession& client, bool fit);
    void pause(bool paused);
    [[nodiscard]] std::size_t unsent() const { return stream_ == nullptr ? 0 : stream_->unsent(); }

    // -- ServerConnection
    void check() override;
    void reclaim(bool keep_connection, telemetry::ClientClose reason, const std::string& sqlstate,
                 const std::string& message) override;
    [[nodiscard]] Session* holder() const override;
    [[nodiscard]] std::string last_statement() const override { return command_; }
    [[nodiscard]] std::string held_state() const override;

  private:
    enum class Chore : std::uint8_t { none, check, clean };

    // Replies to one client, next to each other.
    struct Due {
        RedisSession* client;  // nullptr: ours, or of one that has gone
        unsigned replies;
        base::Instant since;        // sent
        bool parts = false;         // with the last of these …
        base::Instant joined_at{};  // … a sharer that has gone is done, who came then
    };

    void received(loop::Slice bytes) override;
    void drained() override;
    void say_goodbye() override {}  // the half-close says it
    void lost(int error, bool ended_cleanly) override;
    void cancel_delivered(bool /*delivered*/) override {}
    [[nodiscard]] bool chore_late() override { return false; }

    [[nodiscard]] RedisSession* receiver() const;
    // The reply whose last byte has come; false when the connection is given up.
    bool ended(const wire::redis::ReplyPiece& piece);
    bool chore_done();
    void begin(Chore chore, std::string_view commands, unsigned replies);
    void forget(const RedisSession& client);  // its replies are thrown away
    // Everybody is told that theirs will not come, and the connection goes.
    void fail(pool::ReapReason reason, const std::string& error);
    void desync();

    RedisSession* holder_ = nullptr;
    base::List<RedisSession, SharerTag> sharers_;
    wire::redis::ReplyScanner scanner_;
    std::deque<Due> due_;
    bool relays_ = false;  // everything is the holder's
    Chore chore_ = Chore::none;
    std::string chore_reply_;  // the beginning of its last one
    std::string command_;
};

}  // namespace weir::proxy
