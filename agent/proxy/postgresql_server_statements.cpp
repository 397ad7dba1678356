// The prepared statements of one server connection: how it comes by those that its client uses, and
// what is taken back when the message that should have made or closed one fails.
#include <algorithm>
#include <utility>

#include "proxy/pool_loop.h"
#include "proxy/postgresql_server.h"
#include "proxy/postgresql_session.h"
#include "wire/postgresql/message_types.h"
#include "wire/postgresql/messages.h"

namespace weir::proxy {

namespace pg = wire::postgresql;
using pg::backend::close_complete;
using pg::backend::parse_complete;

std::uint32_t PostgresqlServer::next_note() {
    constexpr std::uint32_t notes = 1U << 24U;
    if (++last_note_ == notes) last_note_ = unnamed_carry_note + 1;
    return last_note_;
}

void PostgresqlServer::provide(const Statement& statement) {
    const ServerStatements::Standing standing = statements_.use(*statement);
    const bool hit = standing == ServerStatements::Standing::present;
    tenant_.pool->probe().statement_used(hit);
    if (hit) return;
    if (standing == ServerStatements::Standing::doubtful) {
        send_hidden(pg::frontend::close, pg::close_statement(statement->name));
    } else {
        evict();
    }
    const std::uint32_t note = next_note();
    const bool older = !statement->used_under.empty();
    if (older) set_for_now(statement->used_under, statement->analysed_under);
    send_hidden(pg::frontend::parse, pg::parse(statement->name, statement->definition), note);
    if (older) set_for_now(statement->analysed_under, statement->used_under);
    keep(statement);
    changes_.push_back({note, Change::Kind::prepared, statement, {}, batches_sent_});
}

// Amid the client's batch, as a SET LOCAL, which its own SET outlasts.
void PostgresqlServer::set_for_now(std::string_view analysis, std::string_view other) {
    const pg::Batch batch = pg::set_locally(changed_settings(analysis, other), scratch_name());
    for (const char type : batch.types) tracker_.sent(type, true);
    send(batch.bytes);
}

void PostgresqlServer::prepare(const Statement& statement, std::string name, Statement before) {
    const ServerStatements::Standing standing = statements_.use(*statement);
    tenant_.pool->probe().statement_used(false);
    if (standing == ServerStatements::Standing::absent) {
        evict();
    } else {
        send_hidden(pg::frontend::close, pg::close_statement(statement->name));
    }
    const std::uint32_t note = note_named(std::move(name), std::move(before));
    send(pg::parse(statement->name, statement->definition));
    asked(pg::frontend::parse, note);
    keep(statement);
    changes_.push_back({note, Change::Kind::prepared, statement, {}, batches_sent_});
}

void PostgresqlServer::keep(const Statement& statement) {
    const auto before = static_cast<std::int64_t>(statements_.size());
    statements_.add(statement);
    tenant_.pool->probe().statements_kept(static_cast<std::int64_t>(statements_.size()) - before);
}

// Makes room for one more. None that this batch uses is closed: for as long there are too many.
void PostgresqlServer::evict() {
    const Statement surplus = statements_.surplus(tenant_.pool->settings().prepared_statements);
    if (surplus == nullptr) return;
    const std::uint32_t note = next_note();
    send_hidden(pg::frontend::close, pg::close_statement(surplus->name), note);
    statements_.remove(*surplus);
    changes_.push_back({note, Change::Kind::closed, surplus, {}, batches_sent_});
    tenant_.pool->probe().statement_evicted();
    tenant_.pool->probe().statements_kept(-1);
}

void PostgresqlServer::answer_here(char answer, std::uint32_t note) {
    tracker_.sent_here(answer, note);
    settle_changes();
    answer_due();
}

void PostgresqlServer::answer_due() {
    while (tracker_.due_here()) {
        answered_ = true;
        const char type = tracker_.answer_here();
        settle_changes();
        if (holder_ == nullptr) continue;
        holder_->reply(type == parse_complete ? pg::parse_complete() : pg::close_complete());
    }
}

std::uint32_t PostgresqlServer::note_named(std::string name, Statement before) {
    const std::uint32_t note = next_note();
    changes_.push_back(
        {note, Change::Kind::named, std::move(before), std::move(name), batches_sent_});
    return note;
}

std::uint32_t PostgresqlServer::note_used(Statement statement, std::string name) {
    const std::uint32_t note = next_note();
    changes_.push_back(
        {note, Change::Kind::used, std::move(statement), std::move(name), batches_sent_});
    return note;
}

void PostgresqlServer::settle_changes() {
    std::vector<Change> failed;
    for (const pg::ReplyTracker::End& end : tracker_.ends()) {
        if (end.note <= unnamed_carry_note && holder_ != nullptr) {
            holder_->unnamed_ended(end.note, end.outcome);
        }
        while (!changes_.empty() && changes_.front().note == end.note) {
            // A Parse of the unnamed statement that fails has ended the one before.
            Change& change = changes_.front();
            const bool ended = end.outcome == pg::ReplyTracker::Outcome::failed &&
                               change.kind == Change::Kind::named && change.name.empty();
            if (ended) change.statement = nullptr;
            if (end.outcome == pg::ReplyTracker::Outcome::failed && holder_ != nullptr &&
                change.kind == Change::Kind::used) {
                holder_->failed_by_name(change.statement->name, change.name);
            }
            if (end.outcome != pg::ReplyTracker::Outcome::succeeded)
                failed.push_back(std::move(changes_.front()));
            changes_.pop_front();
        }
    }
    tracker_.ends().clear();
    for (auto change = failed.rbegin(); change != failed.rend(); ++change) undo(*change, holder_);
    if (holder_ != nullptr) holder_->names_settled();
}

bool PostgresqlServer::in_question(std::string_view name) const {
    return std::any_of(changes_.begin(), changes_.end(), [&](const Change& change) {
        return change.batch != batches_sent_ && change.kind == Change::Kind::named &&
               change.name == name;
    });
}

void PostgresqlServer::undo_changes(PostgresqlSession& holder) {
    for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
        undo(*change, &holder);
    }
    changes_.clear();
}

// The last change is undone first. What may or may not have reached the server is in doubt there.
void PostgresqlServer::undo(Change& change, PostgresqlSession* holder) {
    switch (change.kind) {
        case Change::Kind::prepared:
        case Change::Kind::closed:
            keep(change.statement);
            statements_.doubt(*change.statement);
            return;
        case Change::Kind::used:
            return;
        case Change::Kind::named:
            if (holder != nullptr) holder->renamed(change.name, std::move(change.statement));
            return;
    }
}

void PostgresqlServer::forget_statements() {
    tenant_.pool->probe().statements_kept(-static_cast<std::int64_t>(statements_.size()));
    statements_.clear();
}

void PostgresqlServer::doubt_statements() { statements_.doubt_recent(); }

bool PostgresqlServer::in_question(const PreparedStatement& statement) const {
    return std::any_of(changes_.begin(), changes_.end(), [&](const Change& change) {
        const bool here_or_not =
            change.kind == Change::Kind::prepared || change.kind == Change::Kind::closed;
        return change.batch != batches_sent_ && here_or_not && change.statement.get() == &statement;
    });
}

std::string PostgresqlServer::make_scratch() {
    std::string name = scratch_name();
    send_hidden(pg::frontend::parse, pg::parse(name, std::string_view("\0\0\0", 3)));
    return name;
}

std::string PostgresqlServer::scratch_name() {
    return std::string(StatementCatalogue::prefix) + "scratch_" + std::to_string(++scratch_names_);
}

}  // namespace weir::proxy
