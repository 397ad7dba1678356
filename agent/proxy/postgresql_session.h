// A PostgreSQL client at home: reads its messages, asks the pool for a connection when one is
// needed, passes the bytes on as they came, and lets the connection go when its transaction is over
// and nothing is outstanding. What would leave state behind on a shared connection keeps the
// connection for the client (a pin). On its home loop. Source: PostgreSQL documentation, "Message
// Flow". Rules: a refused acquire inside an extended batch is answered at once and ReadyForQuery
// comes only at the client's Sync; the unnamed statement is carried along when its Parse and its
// Bind come in different batches.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "proxy/postgresql_statements.h"
#include "proxy/refusals.h"
#include "proxy/session.h"
#include "proxy/unnamed_statement.h"
#include "wire/postgresql/reply_tracker.h"
#include "wire/postgresql/scanner.h"
#include "wire/postgresql/statement_scan.h"

namespace weir::proxy {

class PostgresqlServer;

class PostgresqlSession final : public Session {
  public:
    // An unnamed statement up to this long is carried from connection to connection; a longer one
    // keeps its connection until it is replaced.
    static constexpr std::size_t carried_statement_limit = 64 * 1024;
    static constexpr unsigned retry_limit = 3;
    // Of cancel keys. Protocol 3.2 allows up to 256 bytes; PostgreSQL's own have 32 there.
    static constexpr std::size_t short_secret_size = 4, long_secret_size = 32;

    PostgresqlSession(PoolLoop& home, Newcomer newcomer, TenantPool& tenant, std::uint32_t id);

    // -- Session
    void begin() override;
    void granted(ServerConnection& server) override;
    void refused(const pool::Refusal& refusal) override;
    void dismiss(telemetry::ClientClose reason) override;
    void drain() override;
    void reclaimed(telemetry::ClientClose reason, const std::string& sqlstate,
                   const std::string& message) override;
    [[nodiscard]] bool secret_matches(std::string_view secret) const override;
    void cancel_requested() override;

    // -- from the connection that it holds
    void reply(loop::Slice bytes);
    void reply(std::string_view bytes);
    void completed(std::string_view tag);
    void failed(std::string_view sqlstate, std::string_view error);  // an ErrorResponse's body
    // Whether the pool's mode allows this; else the client is told and goes.
    [[nodiscard]] bool accepts(wire::postgresql::TransactionStatus status);
    void ready(wire::postgresql::TransactionStatus status, bool settled);
    // Nothing is outstanding: the connection goes back, stays for the transaction, or is pinned.
    void settle(wire::postgresql::TransactionStatus status);
    void copy_began();  // the server waits for the client's data
    // -- postgresql_settings.cpp: told by its connection
    void settings_applied();
    void settings_refused(std::string_view error);  // an ErrorResponse's body
    void settings_told(std::string_view row);       // of those asked for; empty: an error
    void parameter_reported(const std::string& name);
    void server_drained();
    // What its connection found out about its statements.
    void renamed(const std::string& name, Statement statement);  // nullptr: unknown again
    void unnamed_ended(std::uint32_t note, wire::postgresql::ReplyTracker::Outcome outcome);
    void names_settled();
    void failed_by_name(const std::string& ours, const std::string& theirs);
    // The ErrorResponse with the client's own names for statements; empty when there are none.
    [[nodiscard]] std::string in_its_names(std::string_view error);
    void server_lost(std::string_view last_words);  // a whole ErrorResponse, or empty
    void retry(const std::string& request);         // it died before it took a byte of this

  private:
    // What a statement that session_state refuses is sent as: the server's error quotes the reason.
    static constexpr std::string_view rejected_prefix = "_weir_rejected.";

    enum class Phase : std::uint8_t { greeting, open };
    enum class Next : std::uint8_t { forward, drop, wait, stop };
    enum class Rewritten : std::uint8_t {
        no,
        yes,
        unfinished
    };  // unfinished: more must come first
    // Bytes of the client's on their way to the server: those before `from` are sent or dropped,
    // `at` begins the piece that is looked at.
    struct Run {
        std::string_view bytes;
        const loop::Slice* slice;  // where they lie; nullptr: in memory of the session's
        std::size_t from = 0, at = 0;
    };

    // -- StreamEvents
    void received(loop::Slice bytes) override;
    void end_of_input() override;
    void drained() override;
    void closed(int error) override;
    void run() override;  // the pool has answered

    // -- postgresql_relay.cpp: client to server
    void process(std::string_view bytes, const loop::Slice* slice);
    Next begin_message(const wire::postgresql::Piece& piece);
    Next without_server(const wire::postgresql::Piece& piece);
    void answer_refusal(char type);
    bool inspect(const wire::postgresql::Piece& piece, Run& run);  // false: more of it first
    bool carry_unnamed(const wire::postgresql::Piece& piece, Run& run);
    [[nodiscard]] std::uint32_t note_of(const wire::postgresql::Piece& piece);
    void begin_request(bool whole);
    void work_began();
    void keep_quiet(bool in_transaction);
    void scan_query(const wire::postgresql::Piece& piece);
    [[nodiscard]] Rewritten refuse_state(const wire::postgresql::Piece& piece, Run& run);
    void scan_parse(const wire::postgresql::Piece& piece);
    void note_effects(std::uint32_t effects);
    [[nodiscard]] StatementActs scan_text(std::string_view text);
    void pass(Run& run, std::size_t to);

    // postgresql_tracing.cpp; of these, the first three only where there is tracing
    void look_for_trace(std::string_view text) {
        follows_request_ = traced_.open || wire::may_trace(text);
    }
    void announce_trace(const wire::postgresql::Piece& piece);
    [[nodiscard]] bool concerns_trace() const {
        return follows_request_ || trace_->follows_queries();
    }
    void trace_message(const wire::postgresql::Piece& piece);
    [[nodiscard]] std::string_view bound_text(const wire::postgresql::Piece& piece) const;
    [[nodiscard]] Next set_trace(const wire::postgresql::Piece& piece);

    // postgresql_prepared.cpp: named statements, which any connection can run
    Rewritten rewrite(const wire::postgresql::Piece& piece, Run& run);
    Rewritten rewrite_parse(const wire::postgresql::Piece& piece, Run& run);
    Rewritten rewrite_bind(const wire::postgresql::Piece& piece, Run& run);
    Rewritten rewrite_about(const wire::postgresql::Piece& piece, Run& run);
    Rewritten rewrite_query(const wire::postgresql::Piece& piece, Run& run);
    void refuse_name(const wire::postgresql::Piece& piece, Run& run, const std::string& name,
                     std::string_view definition);
    PostgresqlServer& replace(const wire::postgresql::Piece& piece, Run& run, std::size_t taken);
    [[nodiscard]] const Statement* named(std::string_view name) const;
    [[nodiscard]] std::uint32_t note_use(const Statement& statement, std::string_view name);
    Statement rename(const std::string& name, Statement statement);  // what it was before
    [[nodiscard]] static std::string disguised(std::string_view name);
    [[nodiscard]] bool certain() const;
    [[nodiscard]] bool must_await(std::string_view name);
    [[nodiscard]] bool must_await(const Statement& statement);

    [[nodiscard]] Statement usable(const Statement& statement);
    [[nodiscard]] Statement older(const Statement& statement, const std::string& now);

    // postgresql_settings.cpp
    [[nodiscard]] bool settings_agree();
    void tell_parameters();
    // What the server says of a setting; `set_here`: that it was set in this session.
    struct Told {
        const std::string& name;
        const std::optional<std::string>& value;
        bool named, set_here;
    };
    void told(const Told& setting);
    void came_from_elsewhere(const Told& setting);
    [[nodiscard]] bool concerns(const std::string& name) const;
    // Whether only the setting's source can tell what became of it.
    [[nodiscard]] bool source_matters(const std::string& name) const;
    void forget_what_is_as_before();  // of what was reported
    [[nodiscard]] bool carries_settings() const {
        return !keeps_connection() || !startup_->values.empty();
    }
    void note(const StatementActs& acts);
    [[nodiscard]] StatementActs acts_of(const wire::postgresql::StatementScan& scan) const;
    [[nodiscard]] bool settings_settled();
    // What a text means is uncertain until the transaction is over.
    [[nodiscard]] bool analysis_changing() const { return settings_changing() || sets_locally_; }
    [[nodiscard]] bool settings_changing() const {
        return !set_names_.empty() || !reset_names_.empty() || !asked_names_.empty() || resets_all_;
    }
    [[nodiscard]] bool settings_in_doubt() const {
        return settings_changing() || !reported_names_.empty();
    }
    [[nodiscard]] const std::string& analysed_under();
    void note_hidden_quotes(std::string_view text);
    [[nodiscard]] bool state_to_reset() const;
    void reset_state();

    [[nodiscard]] bool blocked() const {
        return waiting() || synchronizing_ || refusal_.has_value();
    }
    [[nodiscard]] ParameterSetRef known_greeting() const;
    void acquire_for_greeting();
    void greet(const ParameterSetRef& reported);
    void link(PostgresqlServer& server);
    PostgresqlServer& let_go();                   // which is to be released or abandoned
    void unlink();                                // gives the connection back, clean
    [[nodiscard]] bool keeps_connection() const;  // session and direct modes, and dedicated
    // Made for it at its login and closed after it: direct mode, and dedicated.
    [[nodiscard]] bool owns_connection() const;
    [[nodiscard]] PostgresqlServer& server() const;
    void abandon_transaction();
    // Each reason to take nothing from the client for now has a flag of its own.
    void pause_client(bool& reason);
    void resume_client(bool& reason);
    void wrote();
    void farewell(const Answer& why, telemetry::ClientClose reason, bool orderly);
    void leave(telemetry::ClientClose reason, bool orderly);

    // Names are looked up as they stand in the message.
    struct NameHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view name) const {
            return std::hash<std::string_view>()(name);
        }
    };
    std::unordered_map<std::string, Statement, NameHash, std::equal_to<>> named_;
    wire::postgresql::Scanner scanner_;
    wire::postgresql::StatementScan statement_scan_;
    std::string pending_;  // received, not yet processed: the client waits
    UnnamedStatement unnamed_;
    // Of the batch that is coming in, where there is tracing: its first message, the text that is
    // executed next, and the trace that a Parse has named.
    struct TracedBatch {
        base::Instant began{};
        bool open = false, told = false, parsed = false;
        std::string text;
        std::optional<wire::TraceComment> whose;
    };
    TracedBatch traced_;
    bool follows_request_ = false;  // the batch is open, or may speak of a trace by its looks
    std::string parse_;             // the Parse that is coming in
    StatementActs parse_acts_;      // of the Parse that has come in
    // As the client has set them; as its session began; as it was told the server's parameters are.
    ParameterSetRef settings_, startup_, known_;
    ParameterSetRef encoding_of_;                              // as of which encoding_is_safe_
    ParameterSetRef analysed_settings_, analysed_parameters_;  // as of which analysed_under_
    std::string analysed_under_;
    std::vector<std::string> set_names_, reset_names_;  // in this transaction
    std::vector<std::string> reported_names_;           // … as changed, and nothing named them
    std::vector<std::string> asked_names_, asked_resets_, asked_sources_;
    std::size_t asked_named_ = 0;  // of asked_names_, the first: something named them
    // Our names, and what the client called them, of statements that it no longer names: an answer
    // that is under way may still be about them.
    std::vector<std::pair<std::string, std::string>> former_names_;
    // The same of the message that has just failed.
    std::optional<std::pair<std::string, std::string>> failed_name_;
    std::optional<Answer> refusal_;      // for the message that asked for a connection
    std::string secret_;                 // its cancel key's; empty: none
    std::uint32_t effects_ = 0;          // what may be left behind on the connection
    std::uint64_t effects_request_ = 0;  // the last request that had an effect
    std::uint64_t requests_sent_ = 0, requests_answered_ = 0;
    base::Instant query_started_{}, transaction_started_{};
    unsigned retries_ = 0;
    Phase phase_ = Phase::greeting;
    bool in_transaction_ = false;  // from a transaction's first message to its end
    bool quiet_ = false;           // the pool's leak watch was told that nothing runs
    bool skipping_ = false;        // until Sync, after a refusal
    bool dropping_ = false;        // the rest of a message that is not passed on
    bool failed_ = false, rolled_back_ = false, discarded_ = false;
    bool draining_ = false;
    bool half_sent_ = false;      // settled while a message of the client's is half sent
    bool leaving_ = false;        // said goodbye while answers were due
    bool synchronizing_ = false;  // its settings are on their way to its connection
    bool clears_all_ = false;     // a DISCARD or DEALLOCATE ALL was sent and nothing settled since
    std::uint64_t clearing_batch_ = 0;  // its batch
    bool awaits_names_ = false;         // until an earlier batch has told what a name means
    bool resets_all_ = false;           // in this transaction
    bool transaction_clean_ = true;     // no error and no ROLLBACK in it
    bool rejects_state_ = false;
    bool sets_locally_ = false;     // SET LOCAL in this transaction
    bool encoding_is_safe_ = true;  // no byte of another character looks like a backslash
    bool shares_statements_ = false;
    bool caches_unnamed_ = false;
    bool own_names_ = false;  // some statement is known to this connection alone, by its own name
    bool server_paused_ = false;
    bool client_paused_ = false;  // it waits for its server connection
    bool output_full_ = false;    // it does not take its answers
};

}  // namespace weir::proxy
