// A MySQL client at home: takes one command at a time, asks the pool for a connection when one is
// needed, passes the packets on as they came, and lets the connection go when the reply is complete
// and nothing is left open on it. What the client has set is carried to whichever connection serves
// it; what can't be carried keeps the connection for it (a pin). Further commands wait in the
// session. On its home loop. Source: MySQL documentation, "Client/Server Protocol", "Command
// Phase".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/mysql_memory.h"
#include "proxy/mysql_statements.h"
#include "proxy/refusals.h"
#include "proxy/session.h"
#include "wire/mysql/handshake.h"
#include "wire/mysql/packet_scanner.h"
#include "wire/mysql/packets.h"
#include "wire/mysql/prepared.h"
#include "wire/mysql/statement_scan.h"

namespace weir::proxy {

class MysqlServer;

class MysqlSession final : public Session {
  public:
    // A command up to this long is looked at as a whole; of a longer one the beginning decides what
    // it needs, and it streams through.
    static constexpr std::size_t whole_limit = std::size_t{64} * 1024;
    // A statement's text is kept for as long as its client has it prepared.
    static constexpr std::size_t longest_prepared = std::size_t{1} << 20U;
    static constexpr std::size_t most_prepared = 16382;  // max_prepared_stmt_count's default
    static constexpr std::size_t most_prepared_bytes = std::size_t{16} << 20U;  // of their texts
    static constexpr unsigned retry_limit = 3;

    MysqlSession(PoolLoop& home, Newcomer newcomer, TenantPool& tenant, std::uint32_t id);
    ~MysqlSession() override;

    // -- Session
    void begin() override;
    void granted(ServerConnection& server) override;
    void refused(const pool::Refusal& refusal) override;
    void dismiss(telemetry::ClientClose reason) override;
    void drain() override;
    void reclaimed(telemetry::ClientClose reason, const std::string& sqlstate,
                   const std::string& message) override;
    [[nodiscard]] bool secret_matches(std::string_view /*secret*/) const override { return false; }
    void cancel_requested() override;
    void kill_answered(KillOutcome outcome) override;

    // -- from the connection that it holds
    void reply(loop::Slice bytes);
    void reply(std::string_view bytes);
    void state_told(std::string_view session_state);  // of an OK
    // Its COM_STMT_PREPARE has made the statement with this id there: the client's own id for it.
    [[nodiscard]] std::uint32_t statement_made(std::uint32_t id);
    void file_wanted(std::uint8_t sequence);
    void completed();  // the reply is
    // Nothing is outstanding: what has to be asked is, then the connection goes back or is kept.
    void settle();
    void settings_refused(std::string_view error);  // an ERR's payload
    void statement_refused(std::string_view error);
    void insert_id_told(const std::string& value);
    void collation_told(const std::string& collation);
    // What a routine may have left: variables of the user's, or tables, locks and the like.
    void routine_told(bool variables, bool others);
    void server_drained();
    void server_lost(std::string_view last_words);  // an ERR packet, or empty
    void retry(const std::string& request);         // it died before it could have run this
    // Whether earlier commands than the present one have left anything on the connection.
    [[nodiscard]] bool left_before() const;
    [[nodiscard]] bool has_open_statement() const {  // a cursor, or a part of a parameter
        return !cursors_.empty() || !long_data_for_.empty();
    }
    void go_on();  // at the end of the turn

    // -- from any connection that it has used
    void remembered(Memory memory, std::string value);
    void memory_lost(Memory memory);

  private:
    using Command = wire::mysql::Command;
    using Trait = wire::mysql::Trait;
    using Traits = wire::mysql::Traits;

    enum class Verdict : std::uint8_t { done, later };
    // What the client's bytes are at present.
    enum class Flow : std::uint8_t { commands, long_command, dropped_command, file };

    // The command that is looked at or under way.
    struct Turn {
        Command command = Command::ping;
        Traits traits = 0;
        wire::mysql::Verb verb = wire::mysql::Verb::none;
        std::uint32_t statements = 1;
        bool judged = false;  // its text was scanned; it may be looked at again
        std::uint8_t sequence = 0;
        std::uint16_t read_status = 0;  // the flags by which its text was read
        bool cursor = false;            // COM_STMT_EXECUTE: it asks for one
        bool counted = false;           // … and is counted
        std::uint32_t statement = 0;    // … and the client's id of it
        MysqlStatementRef prepares;     // COM_STMT_PREPARE: what it makes
        Traits left = 0;                // what it may leave behind that was not there before
        // What the reply has said of the session.
        bool state_changed = false, variables_changed = false, schema_changed = false;
        bool collation_unknown = false;
    };

    // A statement as its client has it.
    struct Prepared {
        MysqlStatementRef statement;
        std::uint16_t parameters = 0;
        std::string types;  // as the client has bound them last
        // A bit for each parameter of which something was sent on its own; of clients whose
        // attributes stand behind the values. Means nothing unless it is in long_data_for_.
        std::string long_data;
    };

    // Why a statement could not be prepared on the connection that was to execute it.
    struct PrepareError {
        std::uint32_t statement;
        std::uint16_t number;
        std::string sqlstate, message;
    };
    // What keeps a connection, as a statement's traits, and that its database is another.
    static constexpr Traits lasting_traits = wire::mysql::trait_bits(
        {Trait::user_variable_set, Trait::temporary_table_created, Trait::advisory_lock_taken,
         Trait::tables_locked, Trait::read_locked, Trait::prepared, Trait::handler_opened,
         Trait::distributed, Trait::role_set, Trait::transaction_once, Trait::one_shot,
         Trait::unknown});
    static constexpr Traits schema_effect = Traits{1} << 63U;

    void received(loop::Slice bytes) override;
    void end_of_input() override;
    void drained() override;
    void closed(int error) override;
    void run() override;

    // The payload's, as the header at its front says.
    [[nodiscard]] static std::uint32_t packet_length(std::string_view packet) {
        const auto byte = [packet](std::size_t i) {
            return static_cast<std::uint32_t>(static_cast<unsigned char>(packet[i]));
        };
        return byte(0) | byte(1) << 8U | byte(2) << 16U;
    }

    // -- mysql_relay.cpp: the client's bytes
    void take(const loop::Slice& fresh);
    [[nodiscard]] std::size_t process(std::string_view buffer, const loop::Slice* slice);
    [[nodiscard]] std::size_t pass_stream(std::string_view bytes, const loop::Slice* slice);
    [[nodiscard]] bool blocked() const;
    [[nodiscard]] Verdict handle(std::string_view packet, const loop::Slice* slice, bool whole);
    void begin_stream(std::string_view packet);
    void stream_message_ended(const wire::mysql::Piece& piece);
    void forward(std::string_view packet, const loop::Slice* slice, bool whole) {
        forward_for(packet, packet, slice, whole);
    }
    void forward_for(std::string_view asked, std::string_view packet, const loop::Slice* slice,
                     bool whole);
    void begin_work();
    void trace_statement(std::string_view text, bool together);

    // -- mysql_commands.cpp: what each is for
    [[nodiscard]] Verdict handle_command(std::string_view packet, const loop::Slice* slice,
                                         bool whole);
    [[nodiscard]] Verdict handle_query(std::string_view packet, const loop::Slice* slice,
                                       bool whole);
    [[nodiscard]] Verdict pass(std::string_view packet, const loop::Slice* slice, bool whole);
    void judge(std::string_view text, bool whole);
    [[nodiscard]] std::optional<Answer> forbids() const;  // what the text asks for
    [[nodiscard]] Verdict ready();
    [[nodiscard]] std::string with_connection_id(std::string_view text) const;
    void kill(std::uint64_t id, bool query);
    void set_option(std::string_view packet);
    void begin_anew();  // its session, on whichever connection

    // -- mysql_attributes.cpp: what is sent with a command for Weir
    [[nodiscard]] Verdict handle_attributed(std::string_view packet, const loop::Slice* slice,
                                            bool whole);
    [[nodiscard]] Verdict query_attributed(std::string_view packet, bool whole);
    [[nodiscard]] Verdict execute_attributed(std::string_view packet, bool whole);
    void note_trace(std::string_view traceparent);
    void note_long_data(Prepared& prepared, std::string_view packet) const;

    // -- mysql_move.cpp: another pool, another user
    [[nodiscard]] Verdict use_database(std::string_view name, std::string_view packet,
                                       const loop::Slice* slice);
    // False: the client was told why it may not.
    [[nodiscard]] bool may_enter(const Route& route, std::string_view database);
    void move();

    // -- mysql_state.cpp
    [[nodiscard]] bool settings_agree();
    void note_effects();
    void end_effects();
    void variable_told(std::string_view name, std::string_view value);
    [[nodiscard]] bool state_left() const;
    [[nodiscard]] bool state_to_reset() const;

    // -- mysql_memory.cpp
    // What the text asks about earlier statements; answered: by ourselves.
    enum class Recalled : std::uint8_t { here, later, answered };
    [[nodiscard]] bool takes_insert_id_unseen() const;
    [[nodiscard]] Recalled recall(std::string_view text);
    [[nodiscard]] bool has(Memory memory);
    void remember();
    void remembers_at(Memory memory, MysqlServer* place);
    void remembers_here(Memory memory);
    [[nodiscard]] std::uint64_t next_statement();  // its mark
    void forget_memory();
    [[nodiscard]] telemetry::PinReason pin_reason() const;
    void read_settings();
    [[nodiscard]] wire::mysql::StatementScan::Rules rules();
    [[nodiscard]] std::uint16_t read_status() const;

    // -- mysql_outcome.cpp
    void transaction_over();
    [[nodiscard]] bool accepts_transactions() const;
    void reset_state();

    // -- mysql_prepared.cpp
    [[nodiscard]] Verdict prepare(std::string_view packet, const loop::Slice* slice, bool whole);
    [[nodiscard]] Verdict execute(std::string_view packet, const loop::Slice* slice, bool whole);
    // The present command's statement could not be prepared, for what came before it.
    [[nodiscard]] bool prepare_failed() const {
        return prepare_error_ && prepare_error_->statement == turn_.statement;
    }
    [[nodiscard]] Verdict say_prepare_error();
    [[nodiscard]] Verdict about_statement(std::string_view packet, const loop::Slice* slice,
                                          bool whole);
    [[nodiscard]] Prepared* find_prepared(std::string_view packet);
    [[nodiscard]] MysqlServerStatements::Entry* provided(Prepared& prepared);
    void set_apart(Prepared& prepared);
    [[nodiscard]] bool has_cursor(std::uint32_t id) const;  // of a statement's
    [[nodiscard]] bool has_data(std::uint32_t id) const;    // sent for its parameters
    void forward_as(std::string_view packet, const loop::Slice* slice, std::uint32_t id,
                    bool whole);
    void statement_closed(std::uint32_t id);
    void statement_done();

    // -- its connection
    [[nodiscard]] Verdict obtain();
    void link(ServerConnection& connection);
    [[nodiscard]] bool ready_for_command();
    MysqlServer& let_go();
    void give_back();
    [[nodiscard]] bool keeps_connection() const;
    [[nodiscard]] bool owns_connection() const;
    [[nodiscard]] bool shares_statements() const;
    [[nodiscard]] MysqlServer& server() const;
    void keep_quiet(bool in_transaction);
    void abandon_transaction();

    // -- what it says
    void say_ok();
    void say_error(std::uint16_t number, std::string_view sqlstate, std::string_view message);
    void say_error(const Answer& why);
    void say_value(std::string_view column, std::string value, bool is_unsigned);
    void wrote();
    void pause_client(bool& reason);
    void resume_client(bool& reason);
    void farewell(const Answer& why, telemetry::ClientClose reason);
    void leave(telemetry::ClientClose reason);

    wire::mysql::PacketScanner scanner_;  // of what streams
    wire::mysql::StatementScan scan_;
    std::string pending_;           // commands that are not whole, or wait
    std::string built_;             // a packet of ours
    std::string plain_;             // the present command without its attributes
    std::string_view traced_text_;  // of the command that is about to go; good until it has
    std::optional<wire::TraceParent> attributed_trace_;  // the present command's
    Turn turn_;
    Flow flow_ = Flow::commands;
    bool scans_long_ = false;  // the text of a long command is scanned as it passes
    bool streams_ = false;     // the rest of a long command without a reply goes on, too
    std::optional<Answer> dropped_, long_data_refusal_;
    std::optional<PrepareError> prepare_error_;

    ParameterSetRef settings_, startup_;
    ParameterSetRef read_settings_;  // as of which the next two are
    bool wide_characters_ = false;
    std::string analysis_;
    MysqlMemory memory_;
    std::unordered_map<std::uint32_t, Prepared> prepared_;
    std::size_t prepared_bytes_ = 0;  // of their texts
    std::uint32_t last_prepared_ = 0;
    std::uint64_t kill_target_ = 0;             // of a KILL that is not answered
    std::vector<std::uint32_t> long_data_for_;  // statements to which parts of parameters were sent
    std::vector<std::uint32_t> cursors_;        // statements with an open one
    Traits effects_ = 0;                        // what may be left behind on the connection
    // Flags of the server as of its last reply, and of the one before.
    std::uint16_t status_ = wire::mysql::status::autocommit;
    std::uint16_t status_before_ = status_;
    std::uint32_t capabilities_;
    const bool sends_attributes_;
    bool many_statements_;

    std::optional<Route> destination_;
    std::string destination_database_;
    std::optional<Answer> refusal_;  // for the command that asked for a connection
    base::Instant query_started_{}, transaction_started_{};
    unsigned retries_ = 0;
    bool retried_ = false;  // the first pending command is as it went out: without attributes
    bool once_ = false;     // SET TRANSACTION waits for its transaction
    bool rolled_back_ = false;
    bool in_transaction_ = false;    // from a transaction's first command to its end
    bool replying_ = false;          // a command is at the server
    bool settling_ = false;          // it is done, and questions of ours are
    bool awaiting_ = false;          // something that the next command needs is asked for …
    std::optional<Memory> awaited_;  // … this
    bool asks_status_ = false, asks_collation_ = false, asks_variables_ = false;
    bool asks_insert_id_ = false;
    std::uint64_t told_insert_id_ = 0;  // by the OK
    bool answered_ = false;             // part of the reply has gone to the client
    bool quiet_ = false;
    bool draining_ = false;
    bool moving_ = false;        // to its destination or else the lobby, as soon as it can
    bool server_full_ = false;   // its server connection does not take what it sends
    bool backlog_full_ = false;  // what it sent waits
    bool output_full_ = false;   // it does not take its answers
    bool server_paused_ = false;
};

}  // namespace weir::proxy
