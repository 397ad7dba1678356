// The prepared statements of one MySQL server connection: made when a client first needs one here,
// the least recently used closed beyond the pool's limit. Source: MySQL documentation,
// "COM_STMT_PREPARE", "COM_STMT_CLOSE".
#include <limits>
#include <utility>

#include "proxy/mysql_server.h"
#include "proxy/mysql_session.h"
#include "proxy/pool_loop.h"
#include "wire/mysql/prepared.h"

namespace weir::proxy {

namespace my = wire::mysql;

MysqlServerStatements::Entry* MysqlServer::provide(const MysqlStatementRef& statement) {
    if (auto* const entry = statements_.use(*statement)) return entry;
    preparing_ = statement;
    say(my::Command::stmt_prepare, statement->text, Hidden::prepare);
    return nullptr;
}

void MysqlServer::statement_told(std::uint32_t id) {
    const MysqlStatementRef statement = std::exchange(preparing_, nullptr);
    if (id != 0) keep(statement, id);
    if (holder_ == nullptr) {
        if (chore_ != Chore::none && tracker_.settled()) clean();
    } else if (id == 0) {
        holder_->statement_refused(refused_);
    } else {
        holder_->go_on();
    }
}

void MysqlServer::prepared(const MysqlStatementRef& statement, std::uint32_t id) {
    if (statements_.use(*statement) == nullptr) {
        keep(statement, id);
        return;
    }
    close_statement(id);  // it has the same one already
}

void MysqlServer::keep(const MysqlStatementRef& statement, std::uint32_t id) {
    (void)statements_.add(statement, id);
    tenant_.pool->probe().statements_kept(1);
    const unsigned limit = tenant_.pool->settings().prepared_statements;
    if (limit == 0) return;  // they go with their client
    // The least used may have the cursor, or what was sent for its parameters: later, then.
    if (holder_ != nullptr && holder_->has_open_statement()) return;
    while (const std::uint32_t least = statements_.evict(limit, *statement)) {
        close_statement(least);
        tenant_.pool->probe().statement_evicted();
        tenant_.pool->probe().statements_kept(-1);
    }
}

void MysqlServer::close_statement(std::uint32_t id) {
    command_.clear();
    my::append_statement_command(command_, my::Command::stmt_close, id);
    sent_ += command_.size();
    stream_->write(command_);
}

// Of what was sent of its parameters, and its cursor.
void MysqlServer::reset_statement(const MysqlStatement& statement) {
    const auto* const entry = statements_.use(statement);
    if (entry == nullptr) return;
    std::string id(4, '\0');
    for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<char>(entry->id >> (8 * i));
    say(my::Command::stmt_reset, id, Hidden::aside);
}

void MysqlServer::forget_statements() {
    tenant_.pool->probe().statements_kept(-static_cast<std::int64_t>(statements_.size()));
    statements_.clear();
    executed_ = nullptr;
}

}  // namespace weir::proxy
