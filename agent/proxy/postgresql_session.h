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

#include "proxy/refusals.h"
#include "proxy/session.h"
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
    void failed(std::string_view sqlstate);
    // Whether the pool's mode allows this; else the client is told and goes.
    [[nodiscard]] bool accepts(wire::postgresql::TransactionStatus status);
    void ready(wire::postgresql::TransactionStatus status, bool settled);
    // Nothing is outstanding: the connection goes back, stays for the transaction, or is pinned.
    void settle(wire::postgresql::TransactionStatus status);
    void copy_began();  // the server waits for the client's data
    void server_drained();
    void server_lost(std::string_view last_words);  // a whole ErrorResponse, or empty
    void retry(const std::string& request);         // it died before it took a byte of this

  private:
    enum class Phase : std::uint8_t { greeting, open };
    enum class Next : std::uint8_t { forward, drop, wait, stop };

    // -- StreamEvents
    void received(loop::Slice bytes) override;
    void end_of_input() override;
    void drained() override;
    void closed(int error) override;
    void run() override;  // the pool has answered

    // -- postgresql_relay.cpp: client to server
    void process(std::string_view bytes, const loop::Slice* slice);
    Next begin_message(const wire::postgresql::Piece& piece);
    Next without_server(char type);
    void answer_refusal(char type);
    bool inspect(const wire::postgresql::Piece& piece);  // false: more of it is needed first
    bool carry_unnamed(const wire::postgresql::Piece& piece);
    void begin_request(bool whole);
    void work_began();
    void keep_quiet(bool in_transaction);
    void scan_query(const wire::postgresql::Piece& piece);
    void scan_parse(const wire::postgresql::Piece& piece);
    void note_effects(std::uint32_t effects);
    void forward(std::string_view bytes, const loop::Slice* slice, std::size_t from,
                 std::size_t to);

    void greet(const Parameters& parameters);
    void link(PostgresqlServer& server);
    void unlink();                                // gives the connection back, clean
    [[nodiscard]] bool keeps_connection() const;  // session and direct modes
    [[nodiscard]] PostgresqlServer& server() const;
    void abandon_transaction();
    // Each reason to take nothing from the client for now has a flag of its own.
    void pause_client(bool& reason);
    void resume_client(bool& reason);
    void wrote();
    void farewell(const Answer& why, telemetry::ClientClose reason, bool orderly);
    void leave(telemetry::ClientClose reason, bool orderly);

    wire::postgresql::Scanner scanner_;
    wire::postgresql::StatementScan statement_scan_;
    std::string pending_;            // received, not yet processed: the client waits
    std::string unnamed_;            // the last Parse of the unnamed statement, whole
    std::string parse_;              // the Parse that is coming in
    std::optional<Answer> refusal_;  // for the message that asked for a connection
    std::array<char, 4> secret_{};
    std::uint32_t effects_ = 0;          // what may be left behind on the connection
    std::uint64_t effects_request_ = 0;  // the last request that had an effect
    std::uint64_t requests_sent_ = 0, requests_answered_ = 0;
    base::Instant query_started_{}, transaction_started_{};
    unsigned retries_ = 0;
    Phase phase_ = Phase::greeting;
    bool in_transaction_ = false;     // from a transaction's first message to its end
    bool quiet_ = false;              // the pool's leak watch was told that nothing runs
    bool skipping_ = false;           // until Sync, after a refusal
    bool dropping_ = false;           // the rest of a message that is not passed on
    bool unnamed_on_server_ = false;  // the connection has this client's unnamed statement, or none
    bool failed_ = false, rolled_back_ = false, discarded_ = false;
    bool draining_ = false;
    bool half_sent_ = false;  // settled while a message of the client's is half sent
    bool leaving_ = false;    // said goodbye while answers were due
    bool server_paused_ = false;
    bool client_paused_ = false;  // it waits for its server connection
    bool output_full_ = false;    // it does not take its answers
};

}  // namespace weir::proxy
