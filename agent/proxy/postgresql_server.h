// A PostgreSQL server connection: relays its replies to the session that holds it, knows from the
// reply tracker when nothing is outstanding, cleans up after a client that has gone, and watches
// the connection while it is idle. On its home loop. Source: PostgreSQL documentation, "Message
// Flow".
#pragma once

#include <string>
#include <string_view>

#include "proxy/server_connection.h"
#include "wire/postgresql/reply_tracker.h"
#include "wire/postgresql/scanner.h"

namespace weir::proxy {

class PostgresqlSession;

class PostgresqlServer final : public ServerConnection {
  public:
    // A request up to this long can be sent again on another connection, when this one proves to
    // have died before it took a byte of it; its text is also what status shows.
    static constexpr std::size_t request_limit = 4096;
    // What runs when its client takes its leave may finish within this long, or query_timeout.
    static constexpr base::Duration finishing_limit = std::chrono::seconds(60);

    PostgresqlServer(PoolLoop& home, TenantPool& tenant, pool::CompatibilityKey key,
                     upstream::Established established, std::uint32_t id);

    // -- from the session that holds it
    void begin_use(PostgresqlSession& holder);
    void asked(char type, bool hidden = false) { tracker_.sent(type, hidden); }
    void send(loop::Slice bytes);
    void send(std::string_view text);
    void send_hidden(char type, std::string_view message);  // its reply is swallowed
    void begin_request();  // the next bytes sent are a new request's
    // Between transactions, clean: to the next client at once (or when a cancel has been
    // delivered).
    void release();
    // The client has gone. `orderly`: it said goodbye, so what runs may finish; else it is
    // cancelled. `whole`: no message of the client's is half sent. `dirty`: session state may be
    // left behind.
    void abandon(bool orderly, bool whole, bool dirty);
    void request_cancel();
    void pause(bool paused);
    [[nodiscard]] const wire::postgresql::ReplyTracker& tracker() const { return tracker_; }
    [[nodiscard]] const Parameters& parameters() const { return parameters_; }
    // standard_conforming_strings as last reported: how its statements' strings are to be read.
    [[nodiscard]] bool standard_strings() const { return standard_strings_; }
    [[nodiscard]] bool parameters_changed() const { return !changed_.empty(); }
    [[nodiscard]] std::size_t unsent() const { return stream_ == nullptr ? 0 : stream_->unsent(); }

    // -- ServerConnection
    void check() override;
    void reclaim(bool keep_connection, telemetry::ClientClose reason, const std::string& sqlstate,
                 const std::string& message) override;
    [[nodiscard]] Session* holder() const override;
    [[nodiscard]] std::string last_statement() const override;
    [[nodiscard]] std::string held_state() const override;

  private:
    enum class Chore : std::uint8_t { none, check, drain, rollback, discard };

    void received(loop::Slice bytes) override;
    void drained() override;
    void say_goodbye() override;
    void lost(int error, bool ended_cleanly) override;
    void cancel_delivered(bool delivered) override;
    [[nodiscard]] bool chore_late() override;

    // One backend message whose last byte has come; false when the connection is given up.
    bool handle(char type, std::string_view body);
    bool unsolicited(char type, std::string_view body);  // while nobody holds it and no chore runs
    void ready(bool hidden);
    void resolve_doubt();
    void say(char type, const std::string& message, bool hidden = false);
    void end_batch();  // without its client: what the server waits for comes from us
    void parameter_reported(std::string_view body);
    void note_string_mode(std::string_view name, std::string_view value);
    void forward(const loop::Slice& bytes, std::size_t from, std::size_t to);
    void gather(const wire::postgresql::Piece& piece);
    void keep_last_words(const wire::postgresql::Piece& piece);
    void adopt_parameters();
    void clean();
    void cancel_work();
    void start(Chore chore, std::string_view sql);
    void finish(pool::ReleaseResult result);
    void give_up(pool::ReapReason reason);
    void desync();
    [[nodiscard]] bool request_untouched(int error) const;

    PostgresqlSession* holder_ = nullptr;
    wire::postgresql::Scanner scanner_;
    wire::postgresql::ReplyTracker tracker_;
    Chore chore_ = Chore::none;
    const PostgresqlSession* receiver_ = nullptr;  // to whom the message under way belongs
    std::string gathered_;          // of a message that must be whole before it is passed on
    bool cancel_at_large_ = false;  // one was sent and not confirmed: nobody may come next
    unsigned sends_ = 0;            // since begin_use()
    bool standard_strings_ = true;
    bool answered_ = false;      // since begin_use()
    bool request_whole_ = true;  // request_ holds all that was sent since begin_use()
    bool dirty_ = false;         // session state to be discarded before the next client
    bool rolled_back_ = false;
    std::string request_;  // what was sent last, from its start
    std::string body_;     // of a message that came in several chunks
    std::string fatal_;    // a 57P01 as the whole reply, kept until the end is known
    Parameters changed_;   // reported values that differ from parameters_
    std::uint64_t sent_ = 0, sent_before_use_ = 0;
    std::optional<std::uint64_t> acknowledged_at_open_;
};

}  // namespace weir::proxy
