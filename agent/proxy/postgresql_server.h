// A PostgreSQL server connection: relays its replies to the session that holds it, knows from the
// reply tracker when nothing is outstanding, cleans up after a client that has gone, and watches
// the connection while it is idle. On its home loop. Source: PostgreSQL documentation, "Message
// Flow".
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "proxy/postgresql_statements.h"
#include "proxy/server_connection.h"
#include "wire/postgresql/reply_tracker.h"
#include "wire/postgresql/scanner.h"
#include "wire/postgresql/settings_messages.h"

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
    ~PostgresqlServer() override;

    // -- from the session that holds it
    void begin_use(PostgresqlSession& holder);
    void asked(char type, std::uint32_t note = 0) {
        tracker_.sent(type, false, note);
        if (type == 'S' || type == 'Q' || type == 'F') ++batches_sent_;
    }
    void send(loop::Slice bytes);
    void send(std::string_view text);
    void send_hidden(char type, std::string_view message, std::uint32_t note = 0);
    void begin_request();  // the next bytes recorded are a new request's
    // What the client sent for it, as it came: to be sent again if this connection proves dead.
    void record(std::string_view bytes);

    // -- postgresql_server_settings.cpp
    [[nodiscard]] bool agrees(const ParameterSetRef& settings) const {
        return applied_ == settings;
    }
    // Brings the client's settings here; true when that takes messages: the holder hears of the
    // end.
    [[nodiscard]] bool synchronize(const ParameterSetRef& settings);
    // Asks what these are now, after which the holder's settle() comes again. Not before an answer.
    void ask(const std::vector<std::string>& names, const std::vector<std::string>& sources);
    // It has this value for all who have said nothing else, whatever was set before.
    void own_changed(const std::string& name, std::string_view value);
    // What was set here since the connection was made; what the server says, and what it said then.
    [[nodiscard]] const ParameterSetRef& applied() const { return applied_; }
    [[nodiscard]] const ParameterSetRef& reported() const { return reported_; }
    [[nodiscard]] const ParameterSetRef& base() const { return base_; }
    void set_applied(ParameterSetRef settings) { applied_ = std::move(settings); }
    void settings_discarded();

    // -- postgresql_server_statements.cpp: shared prepared statements
    // Makes sure that it is there before what is sent next.
    void provide(const Statement& statement);
    [[nodiscard]] bool has(const PreparedStatement& statement) {
        return statements_.use(statement) == ServerStatements::Standing::present;
    }
    // Sends the client's own Parse of it, under our name for it; `name` and `before` as in
    // note_named().
    void prepare(const Statement& statement, std::string name, Statement before);
    // Answers the client's Parse or Close in its turn.
    void answer_here(char answer, std::uint32_t note);
    // The client's name now means something else: undone if the message that said so fails.
    [[nodiscard]] std::uint32_t note_named(std::string name, Statement before);
    // If the message with this note fails, its error speaks of the statement by this name.
    [[nodiscard]] std::uint32_t note_used(Statement statement, std::string name);
    [[nodiscard]] bool changing() const { return !changes_.empty(); }
    // Whether a message of an earlier batch, not answered yet, has changed what this name means.
    [[nodiscard]] bool in_question(std::string_view name) const;
    [[nodiscard]] bool in_question(
        const PreparedStatement& statement) const;  // or whether it is here
    // Of messages that change the client's unnamed statement: its Parse, what ends it …
    static constexpr std::uint32_t unnamed_note = 1;
    static constexpr std::uint32_t unnamed_end_note = 2;
    static constexpr std::uint32_t unnamed_carry_note =
        3;  // … and what brings it to this connection
    [[nodiscard]] std::uint64_t batch() const { return batches_sent_; }  // the present one's number
    void forget_statements();                                            // the server did
    void doubt_statements();  // those of this batch, after an error that may be theirs
    // A statement of no text, which any state of a transaction allows.
    [[nodiscard]] std::string make_scratch();
    [[nodiscard]] std::string scratch_name();                  // nobody's yet
    [[nodiscard]] std::string& scratch() { return scratch_; }  // for a message to be sent at once
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
    // standard_conforming_strings as last reported: how its statements' strings are to be read.
    [[nodiscard]] bool standard_strings() const { return standard_strings_; }
    // Whether its server still is what the upstream's target asks for.
    [[nodiscard]] bool fits() const;
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

    // What a message that is under way has changed already.
    struct Change {
        enum class Kind : std::uint8_t {
            prepared,
            closed,
            named,
            used  // nothing has changed: by which name the client used it
        };
        std::uint32_t note;
        Kind kind;
        Statement statement;  // named: what the name meant before
        std::string name;
        std::uint64_t batch;  // of which Sync, Query or FunctionCall, by their number
    };

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
    void settle_changes();  // as the tracker's ends say
    void answer_due();
    void set_for_now(std::string_view analysis, std::string_view other);
    void keep(const Statement& statement);
    void evict();
    void undo(Change& change, PostgresqlSession* holder);
    void undo_changes(PostgresqlSession& holder);  // of messages whose fate will not be known
    [[nodiscard]] std::uint32_t next_note();
    void say(char type, const std::string& message, bool hidden = false);
    void say(const wire::postgresql::Batch& batch);  // hidden
    void end_batch();  // without its client: what the server waits for comes from us
    void parameter_reported(std::string_view body);
    [[nodiscard]] bool synchronizing() const { return synchronizing_to_ != nullptr; }
    void synchronized();
    ParameterSetRef end_synchronization();
    void swallowed(char type, std::string_view body);
    void forward(const loop::Slice& bytes, std::size_t from, std::size_t to);
    void gather(const wire::postgresql::Piece& piece);
    void keep_last_words(const wire::postgresql::Piece& piece);
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
    bool write_refused_ = false;  // by a server or a transaction that is read-only
    std::string request_;         // what was sent last, from its start
    std::string body_;            // of a message that came in several chunks
    std::string fatal_;           // a 57P01 as the whole reply, kept until the end is known
    ParameterSetRef applied_, base_, reported_;
    ParameterSetRef synchronizing_to_;   // while settings are on their way
    bool resets_sent_ = false;           // … some of them resets
    std::string synchronization_error_;  // an ErrorResponse's body
    std::string told_;                   // the row that answers ask()
    bool asking_ = false;
    ServerStatements statements_;
    std::deque<Change> changes_;  // in the order of their notes
    std::uint64_t batches_sent_ = 0;
    std::uint32_t last_note_ = unnamed_carry_note;
    std::uint32_t scratch_names_ = 0;
    std::string scratch_;
    std::uint64_t sent_ = 0, sent_before_use_ = 0;
    std::optional<std::uint64_t> acknowledged_at_open_;
};

}  // namespace weir::proxy
