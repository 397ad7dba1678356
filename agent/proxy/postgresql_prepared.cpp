// Prepared statements in shared connections: the client's names for them are replaced by ours, and
// a connection that lacks one is given it on the way. Source: PostgreSQL documentation, "Extended
// Query". Rules: a name that is in use can't be given again (42P05; the server itself says so); a
// Close is answered here, in its turn, and the statement stays for others.
#include <fmt/format.h>

#include <utility>

#include "proxy/pin_reason.h"
#include "proxy/pool_loop.h"
#include "proxy/postgresql_server.h"
#include "proxy/postgresql_session.h"
#include "wire/postgresql/deallocation.h"
#include "wire/postgresql/message_types.h"
#include "wire/postgresql/messages.h"

namespace weir::proxy {

namespace pg = wire::postgresql;
using telemetry::ClientClose;

namespace {

constexpr std::size_t header_size = 5;
constexpr char of_statement = 'S';  // what Describe and Close are about; else a portal

// A name and what follows its NUL; nothing while that has not come.
struct Split {
    std::string_view name, rest;
};
std::optional<Split> split_name(std::string_view body) {
    const std::size_t end = body.find('\0');
    if (end == std::string_view::npos) return std::nullopt;
    return Split{body.substr(0, end), body.substr(end + 1)};
}

// A client's own name that looks like one of ours must never reach the server as such.
bool like_ours(std::string_view name) { return name.starts_with(StatementCatalogue::prefix); }

}  // namespace

// Nothing can be said of the name before the server has answered an earlier batch.
bool PostgresqlSession::must_await(std::string_view name) {
    if (!server().changing()) return false;
    awaits_names_ = server().in_question(name);
    return awaits_names_;
}

bool PostgresqlSession::must_await(const Statement& statement) {
    if (!server().changing()) return false;
    awaits_names_ = server().in_question(*statement);
    return awaits_names_;
}

std::uint32_t PostgresqlSession::note_use(const Statement& statement, std::string_view name) {
    if (statement == nullptr) return 0;
    return server().note_used(statement, std::string(name));
}

void PostgresqlSession::unnamed_ended(std::uint32_t note, pg::ReplyTracker::Outcome outcome) {
    switch (note) {
        case PostgresqlServer::unnamed_note:
            unnamed_.parse_ended(outcome);
            return;
        case PostgresqlServer::unnamed_end_note:
            unnamed_.end_ended(outcome);
            return;
        default:
            unnamed_.carry_ended(outcome);
    }
}

// Whether nothing that is under way can make the server refuse a Parse that it accepted once.
bool PostgresqlSession::certain() const {
    const pg::ReplyTracker& tracker = server().tracker();
    return tracker.ready_due() == 0 && tracker.status() != pg::TransactionStatus::failed;
}

PostgresqlSession::Rewritten PostgresqlSession::rewrite(const pg::Piece& piece, Run& run) {
    if (clears_all_ && clearing_batch_ != server().batch()) {
        awaits_names_ = true;  // what is left is known when that is answered
        return Rewritten::unfinished;
    }
    if (rejects_state_) {
        const Rewritten refused = refuse_state(piece, run);
        if (refused != Rewritten::no || !shares_statements_) return refused;
    }
    switch (piece.type) {
        case pg::frontend::parse:
            return rewrite_parse(piece, run);
        case pg::frontend::bind:
            return rewrite_bind(piece, run);
        case pg::frontend::describe:
        case pg::frontend::close:
            return rewrite_about(piece, run);
        default:
            return rewrite_query(piece, run);
    }
}

// What precedes goes first; what replaces the beginning of the piece comes right behind.
PostgresqlServer& PostgresqlSession::replace(const pg::Piece& piece, Run& run, std::size_t taken) {
    pass(run, run.at);
    run.from = run.at + taken;
    server().record(piece.carried);
    server().record(piece.bytes.substr(0, taken));
    return server();
}

PostgresqlSession::Rewritten PostgresqlSession::rewrite_parse(const pg::Piece& piece, Run& run) {
    const bool too_long = piece.length > carried_statement_limit;
    if (!piece.last && !too_long) return Rewritten::unfinished;
    const auto message = split_name(piece.body);
    if (too_long) {
        if (!message) {
            if (piece.last ||
                piece.carried.size() + piece.bytes.size() >= carried_statement_limit) {
                return Rewritten::no;
            }
            return Rewritten::unfinished;
        }
        if (must_await(message->name)) return Rewritten::unfinished;
        if (message->name.empty()) {
            named_.erase(std::string());
        } else if (named(message->name) != nullptr) {
            refuse_name(piece, run, std::string(message->name), std::string("\0\0\0", 3));
            dropping_ = !piece.last;
            return Rewritten::yes;
        }
        return Rewritten::no;
    }
    if (!message) return Rewritten::no;
    const std::size_t text_end = message->rest.find('\0');
    if (text_end == std::string_view::npos) return Rewritten::no;
    const std::string_view text = message->rest.substr(0, text_end);
    std::string name(message->name);
    if (must_await(name)) return Rewritten::unfinished;

    if (name.empty()) {
        const auto dropped = pg::deallocated_statement(text);
        if (dropped && must_await(*dropped)) return Rewritten::unfinished;
        if (dropped && named(*dropped) != nullptr) {
            // It stays, for others: executed, the text drops one that is made for that.
            PostgresqlServer& to = replace(piece, run, piece.bytes.size());
            const std::string scratch = to.make_scratch();
            const std::string definition = "DEALLOCATE " + scratch + std::string("\0\0\0", 3);
            if (caches_unnamed_) {
                const Statement statement = tenant_.statements.obtain(definition, {}, {});
                to.prepare(statement, {}, rename({}, statement));
            } else {
                to.send(pg::parse({}, definition));
                to.asked(pg::frontend::parse, PostgresqlServer::unnamed_note);
                parse_.assign(piece.carried).append(piece.bytes);
                unnamed_.parse_sent(parse_, {}, to.batch());
            }
            // Reached if the Parse succeeds: then the name goes.
            Statement before = rename(*dropped, nullptr);
            const std::uint32_t note = to.note_named(*dropped, std::move(before));
            to.send_hidden(pg::frontend::close, pg::close_statement(to.scratch_name()), note);
            return Rewritten::yes;
        }
        if (!caches_unnamed_) return Rewritten::no;
    } else if (named(name) != nullptr) {
        refuse_name(piece, run, name, message->rest);
        return Rewritten::yes;
    }
    StatementActs acts = scan_text(text);
    note(acts);
    const Statement statement = tenant_.statements.obtain(
        message->rest, analysis_changing() ? std::string_view() : analysed_under(),
        std::move(acts));
    if (must_await(statement)) return Rewritten::unfinished;
    PostgresqlServer& to = replace(piece, run, piece.bytes.size());
    Statement before = rename(name, statement);
    const bool there = to.has(*statement);
    if (there && certain()) {
        tenant_.pool->probe().statement_used(true);
        to.answer_here(pg::backend::parse_complete,
                       to.note_named(std::move(name), std::move(before)));
    } else if (there) {
        // Whether it may be parsed now the server must say.
        const std::string scratch = to.scratch_name();
        to.send(pg::parse(scratch, message->rest));
        to.asked(pg::frontend::parse, to.note_named(std::move(name), std::move(before)));
        to.send_hidden(pg::frontend::close, pg::close_statement(scratch));
    } else {
        to.prepare(statement, std::move(name), std::move(before));
    }
    return Rewritten::yes;
}

// The server refuses it, in whatever state it is, as it would refuse the client's own name.
void PostgresqlSession::refuse_name(const pg::Piece& piece, Run& run, const std::string& name,
                                    std::string_view definition) {
    PostgresqlServer& to = replace(piece, run, piece.bytes.size());
    const std::string taken = to.make_scratch();
    former_names_.emplace_back(taken, name);
    to.send(pg::parse(taken, definition));
    to.asked(pg::frontend::parse);
}

PostgresqlSession::Rewritten PostgresqlSession::rewrite_bind(const pg::Piece& piece, Run& run) {
    constexpr std::string_view all_unnamed("\0\0", 2);
    if (named_.empty() && !server().changing() && piece.body.starts_with(all_unnamed)) {
        return Rewritten::no;
    }
    const bool complete =
        piece.last || piece.carried.size() + piece.bytes.size() >= carried_statement_limit;
    const auto portal = split_name(piece.body);
    const auto statement = portal ? split_name(portal->rest) : std::nullopt;
    if (!statement) return complete ? Rewritten::no : Rewritten::unfinished;
    if (must_await(statement->name)) return Rewritten::unfinished;
    const Statement* const known = named(statement->name);
    if (known == nullptr && !like_ours(statement->name)) return Rewritten::no;

    const Statement here = known == nullptr ? nullptr : usable(*known);
    if (here != nullptr && must_await(here)) return Rewritten::unfinished;
    const std::size_t names = portal->name.size() + statement->name.size() + 2;
    const std::size_t rest = piece.length - header_size - names;
    PostgresqlServer& to = replace(piece, run, piece.bytes.size() - piece.body.size() + names);
    std::string& head = to.scratch();
    head.clear();
    if (here != nullptr) {
        to.provide(here);
        note(here->acts);
        pg::put_bind_head(head, portal->name, here->name, rest);
    } else {
        pg::put_bind_head(head, portal->name, disguised(statement->name), rest);
    }
    to.send(head);
    to.asked(pg::frontend::bind, note_use(here, statement->name));
    return Rewritten::yes;
}

// Describe and Close.
PostgresqlSession::Rewritten PostgresqlSession::rewrite_about(const pg::Piece& piece, Run& run) {
    if (piece.body.empty() || piece.body.front() != of_statement) {
        return piece.body.empty() && !piece.last ? Rewritten::unfinished : Rewritten::no;
    }
    const auto message = split_name(piece.body.substr(1));
    if (!piece.last) {
        return piece.length > carried_statement_limit ? Rewritten::no : Rewritten::unfinished;
    }
    if (!message) return Rewritten::no;
    if (must_await(message->name)) return Rewritten::unfinished;
    const Statement* const known = named(message->name);
    const bool closes = piece.type == pg::frontend::close;
    if (known == nullptr && !like_ours(message->name)) {
        // The server has none of this name; but its unnamed one it may have.
        if (!closes || own_names_) return Rewritten::no;
        if (message->name.empty()) return Rewritten::no;
    }
    const Statement here = known == nullptr || closes ? nullptr : usable(*known);
    if (here != nullptr && must_await(here)) return Rewritten::unfinished;
    std::string name(message->name);
    PostgresqlServer& to = replace(piece, run, piece.bytes.size());
    if (closes) {
        Statement before = rename(name, nullptr);
        to.answer_here(pg::backend::close_complete,
                       to.note_named(std::move(name), std::move(before)));
        return Rewritten::yes;
    }
    if (here != nullptr) {
        to.provide(here);
        to.send(pg::describe_statement(here->name));
    } else {
        to.send(pg::describe_statement(disguised(name)));
    }
    to.asked(pg::frontend::describe, note_use(here, name));
    return Rewritten::yes;
}

// A simple Query destroys the unnamed statement, and may be a DEALLOCATE.
PostgresqlSession::Rewritten PostgresqlSession::rewrite_query(const pg::Piece& piece, Run& run) {
    if (named_.empty() && !server().changing()) return Rewritten::no;
    if (caches_unnamed_) {
        if (must_await(std::string_view())) return Rewritten::unfinished;
        if (!named_.empty()) named_.erase(std::string());
    }
    if (!piece.last) return Rewritten::no;
    const auto dropped = pg::deallocated_statement(piece.body.substr(0, piece.body.find('\0')));
    if (!dropped) return Rewritten::no;
    if (must_await(*dropped)) return Rewritten::unfinished;
    if (named(*dropped) == nullptr) return Rewritten::no;
    PostgresqlServer& to = replace(piece, run, piece.bytes.size());
    const std::string scratch = to.scratch_name();
    unnamed_.change_sent(to.batch());
    to.send_hidden(pg::frontend::query, pg::query("PREPARE " + scratch + " AS SELECT"),
                   PostgresqlServer::unnamed_end_note);
    to.send(pg::query("DEALLOCATE " + scratch));
    Statement before = rename(*dropped, nullptr);
    to.asked(pg::frontend::query, to.note_named(*dropped, std::move(before)));
    ++requests_sent_;
    return Rewritten::yes;
}

// What the client's statement is on this connection.
Statement PostgresqlSession::usable(const Statement& statement) {
    const std::string& now = analysed_under();
    Statement here = statement->analysed_under == now ? statement : older(statement, now);
    if (!analysis_changing() || server().has(*here)) return here;
    return tenant_.statements.obtain(statement->definition, {}, statement->acts);
}

// A statement that was analysed under other settings means what it meant then, unless another
// search_path makes the server analyse it again ("PREPARE", Notes).
Statement PostgresqlSession::older(const Statement& statement, const std::string& now) {
    const std::string& then = statement->analysed_under;
    if (then.empty() && server().has(*statement)) return statement;
    if (then.empty() || !same_search_path(then, now)) {
        return tenant_.statements.obtain(statement->definition, now, statement->acts);
    }
    return tenant_.statements.obtain(statement->definition, then, statement->acts, now);
}

// Where state that can't be carried is refused: the server is given a text that fails, so that its
// transaction fails as it would of any other error; in_its_names() says why.
PostgresqlSession::Rewritten PostgresqlSession::refuse_state(const pg::Piece& piece, Run& run) {
    const bool parses = piece.type == pg::frontend::parse;
    if (!parses && piece.type != pg::frontend::query) return Rewritten::no;
    if (!piece.last && piece.length <= carried_statement_limit) return Rewritten::unfinished;
    const auto named = split_name(piece.body);
    if (!named) return Rewritten::no;
    const std::string_view text = parses ? named->rest : piece.body;
    const StatementActs acts = scan_text(text);
    if (piece.last && acts.effects == 0) return Rewritten::no;
    if (!piece.last) {
        farewell({"54000", "a statement of more than 64 KiB can't be judged for session state", {}},
                 ClientClose::protocol_error, false);
        return Rewritten::yes;
    }
    const std::string failing =
        fmt::format("SELECT \"{}{}\"", rejected_prefix, base::word(pin_reason(acts.effects)));
    PostgresqlServer& to = replace(piece, run, piece.bytes.size());
    if (parses) {
        to.send(pg::parse(named->name, failing + std::string("\0\0\0", 3)));
        parse_.clear();
    } else {
        to.send(pg::query(failing));
        ++requests_sent_;
    }
    to.asked(piece.type, note_of(piece));
    return Rewritten::yes;
}

}  // namespace weir::proxy
