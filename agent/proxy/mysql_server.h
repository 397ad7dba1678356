// A MySQL server connection: relays its replies to the session that holds it, knows from the reply
// tracker when nothing is outstanding, asks in between what its clients are carried along by, and
// cleans up after a client that has gone. On its home loop.
// Source: MySQL documentation, "Client/Server Protocol", "Command Phase"; "COM_RESET_CONNECTION".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/mysql_memory.h"
#include "proxy/mysql_statements.h"
#include "proxy/server_connection.h"
#include "wire/mysql/reply_tracker.h"

namespace weir::proxy {

class MysqlServer final : public ServerConnection {
  public:
    // So much of a command is kept: for status, and to send it again where it can't have run.
    static constexpr std::size_t request_limit = 4096;

    MysqlServer(PoolLoop& home, TenantPool& tenant, pool::CompatibilityKey key,
                upstream::Established established, std::uint32_t id);
    ~MysqlServer() override;

    // -- from the session that holds it
    void begin_use(MysqlSession& holder);
    // The client's command, of which the last packet has this sequence id, is about to be sent.
    void asked(wire::mysql::Command command, std::uint8_t last_sequence, bool cursor = false);
    void begin_request(std::string_view packet, bool whole);
    void send(loop::Slice bytes);
    void send(std::string_view bytes);
    void file_sent(std::uint8_t last_sequence) { tracker_.file_sent(last_sequence); }
    // Between commands, clean: to the next client at once (or when a cancel has been delivered).
    void release();
    // The client has gone, or wants its state gone. `whole`: no command of the client's is half
    // sent. `dirty`: state of its session may be left behind.
    void abandon(bool whole, bool dirty);
    void request_cancel();
    void pause(bool paused);
    [[nodiscard]] const wire::mysql::ReplyTracker& tracker() const { return tracker_; }
    [[nodiscard]] bool in_transaction() const {
        return tracker_.has(wire::mysql::status::in_transaction);
    }
    [[nodiscard]] std::size_t unsent() const { return stream_ == nullptr ? 0 : stream_->unsent(); }
    [[nodiscard]] const std::string& request() const { return request_; }

    // -- mysql_server_state.cpp
    // Brings the client's settings here; true when that takes an answer, which the holder hears of.
    [[nodiscard]] bool synchronize(const ParameterSetRef& settings);
    [[nodiscard]] bool agrees(const ParameterSetRef& settings) const {
        return applied_ == settings;
    }
    [[nodiscard]] const ParameterSetRef& applied() const { return applied_; }
    void set_applied(ParameterSetRef settings) { applied_ = std::move(settings); }
    // COM_SET_OPTION's: whether several statements may come in one text.
    void allow_many_statements(bool allowed);
    void many_statements_set(bool allowed) { many_statements_ = allowed; }
    // Questions at the end of a command; the holder hears of each answer.
    void ask_status();
    void ask_collation();
    void ask_insert_id();
    void ask_what_routine_left();
    // A memory of the holder's stays here until it is asked for.
    void owe(Memory memory);
    void forgive(Memory memory, const MysqlSession& session);
    // Asks for all that is owed. Precondition: no command of a client's runs.
    void collect();
    void set_insert_id(std::uint64_t id);
    void clear_warnings();
    [[nodiscard]] MysqlTells& tells() { return tells_; }

    // -- mysql_server_statements.cpp
    // The statement as it is here; nullptr: it is being prepared, and the holder hears of the end.
    [[nodiscard]] MysqlServerStatements::Entry* provide(const MysqlStatementRef& statement);
    // The client's own COM_STMT_PREPARE has made it.
    void prepared(const MysqlStatementRef& statement, std::uint32_t id);
    void reset_statement(const MysqlStatement& statement);
    void forget_statements();
    void executes(MysqlStatementRef statement) { executed_ = std::move(statement); }

    // -- ServerConnection
    void check() override;
    void reclaim(bool keep_connection, telemetry::ClientClose reason, const std::string& sqlstate,
                 const std::string& message) override;
    [[nodiscard]] Session* holder() const override;
    [[nodiscard]] std::string last_statement() const override;
    [[nodiscard]] std::string held_state() const override;

  private:
    enum class Chore : std::uint8_t { none, check, drain, rollback, reset };
    // What a command of ours is for.
    enum class Hidden : std::uint8_t {
        settings,
        collation,
        insert_id_now,
        routine_left,
        status,
        prepare,
        found_rows,
        warnings,
        insert_id,
        aside,  // its answer tells nothing
        chore
    };
    struct Ask {
        Hidden what = Hidden::aside;
        MysqlSession* whom = nullptr;  // of a memory; nullptr: nobody asks any more
    };

    void received(loop::Slice bytes) override;
    void drained() override;
    void say_goodbye() override;
    void lost(int error, bool ended_cleanly) override;
    void cancel_delivered(bool delivered) override;
    [[nodiscard]] bool chore_late() override;

    using Part = wire::mysql::ReplyTracker::Part;
    void forward(const loop::Slice& bytes, std::size_t from, std::size_t to);
    // What a whole packet means to the client's session; false: it was passed on changed.
    [[nodiscard]] bool passes_as_it_is(const Part& part);
    [[nodiscard]] bool hidden_part(const Part& part);  // false: the connection is given up
    void command_done();
    void heard(const Ask& ask, bool failed);
    void begin_chore(Chore chore);
    void chore_done(bool failed);
    void say(wire::mysql::Command command, std::string_view arguments, Hidden what,
             MysqlSession* whom = nullptr);
    void settings_told(bool failed);
    [[nodiscard]] std::string told_value() const;  // of the one row
    void clean();
    void cancel_work();
    void finish(pool::ReleaseResult result);
    void give_up(pool::ReapReason reason);
    void nobody_waits();
    void routine_told(bool failed);
    void forget_memories();
    void desync();
    [[nodiscard]] bool request_untouched(int error) const;
    void keep(const MysqlStatementRef& statement, std::uint32_t id);
    void statement_told(std::uint32_t id);
    void close_statement(std::uint32_t id);

    MysqlSession* holder_ = nullptr;
    wire::mysql::ReplyTracker tracker_;
    std::vector<Ask> hidden_;  // commands of ours that are not answered, from hidden_front_ on
    std::size_t hidden_front_ = 0;
    Chore chore_ = Chore::none;
    bool cancel_at_large_ = false;  // one was sent and not confirmed: nobody may come next
    bool dirty_ = false;            // to be reset before the next client
    std::uint64_t left_count_ = 0;  // of statements that leave something, as it last told
    bool rolled_back_ = false;
    bool many_statements_ = false;
    bool command_runs_ = false;  // a client's
    bool answered_ = false;      // something has come since begin_request()
    bool request_whole_ = true;  // request_ has all of it
    unsigned sends_ = 0;         // since begin_use()
    std::string request_;        // the last command, from its start
    std::string changed_;        // an OK as the client gets it
    std::string told_;           // rows that answer a hidden command
    std::string refused_;        // the error to one
    std::string command_;        // being built
    std::string farewell_;       // an ERR that came without being asked for
    ParameterSetRef applied_, base_, synchronizing_to_;
    std::array<MysqlSession*, memory_count> owed_{};
    MysqlTells tells_;
    MysqlServerStatements statements_;
    MysqlStatementRef preparing_, executed_;
    std::uint64_t sent_ = 0, sent_before_request_ = 0;
    std::optional<std::uint64_t> acknowledged_at_open_;
};

}  // namespace weir::proxy
