// The way of a client's messages to its server connection.
#include <algorithm>
#include <utility>

#include "proxy/pin_reason.h"
#include "proxy/pool_loop.h"
#include "proxy/postgresql_server.h"
#include "proxy/postgresql_session.h"
#include "wire/postgresql/messages.h"
#include "wire/trace_setting.h"

namespace weir::proxy {

namespace pg = wire::postgresql;
using pg::Effect;
using telemetry::ClientClose;
using telemetry::ClientState;

namespace {

// A Parse's text, for a look at its ends. Most have no name and declare no types of parameters:
// then it is known where it ends.
std::string_view ends_of_parsed(const pg::Piece& piece) {
    const std::string_view body = piece.body;
    constexpr std::string_view no_types("\0\0\0", 3);
    const bool unnamed = body.size() > no_types.size() && body.front() == '\0';
    if (unnamed && piece.last && body.ends_with(no_types) &&
        body[body.size() - no_types.size() - 1] != '\0') {
        return body.substr(1, body.size() - 1 - no_types.size());
    }
    return pg::parsed_text(body);
}

constexpr std::uint32_t bit(Effect effect) { return 1U << static_cast<unsigned>(effect); }

// Whether a server may be sent messages of this type at all, goodbyes apart.
constexpr bool asks(char type) {
    return std::string_view("QPBDECSHFdcf").find(type) != std::string_view::npos;
}

// Whether messages of this type may have a prepared statement's name in them.
constexpr bool may_name(char type) {
    return type == 'B' || type == 'P' || type == 'D' || type == 'C' || type == 'Q';
}

}  // namespace

void PostgresqlSession::process(std::string_view bytes, const loop::Slice* slice) {
    std::string_view rest = bytes;
    Run run{bytes, slice};
    pg::Piece piece;
    while (!finished_) {
        run.at = bytes.size() - rest.size();
        const pg::Scanner before = scanner_;
        if (output_full_ && scanner_.between_messages()) {
            pass(run, run.at);
            pending_.assign(rest);
            return;
        }
        const pg::Scanner::Status status = scanner_.next(rest, piece);
        if (status == pg::Scanner::Status::need_more) {
            pass(run, run.at);
            return;
        }
        if (status == pg::Scanner::Status::invalid) {
            pass(run, run.at);
            farewell(protocol_violation("invalid message length"), ClientClose::protocol_error,
                     false);
            return;
        }
        const std::size_t end = run.at + piece.bytes.size();
        const bool lost = !piece.first && server_ == nullptr;
        Next next = dropping_ || lost ? Next::drop : Next::forward;
        if (piece.first) {
            // A goodbye or a violation acts on what was sent before it: all that precedes must be
            // on its way first.
            if (!asks(piece.type)) pass(run, run.at);
            next = begin_message(piece);
        } else if (trace_ != nullptr && piece.type == 'Q') {
            look_for_trace(piece.body);  // its end says it
        }
        bool rewritten = false;
        if (next == Next::forward) {
            // Flush alone asks for nothing.
            if (piece.first && piece.type != 'H' && server().tracker().settled()) {
                begin_request(piece.last);
            }
            if (piece.first && (shares_statements_ || rejects_state_) && may_name(piece.type)) {
                const Rewritten outcome = rewrite(piece, run);
                rewritten = outcome == Rewritten::yes;
                if (outcome == Rewritten::unfinished) next = Next::wait;
            }
            if (next == Next::forward && !rewritten && !inspect(piece, run)) next = Next::wait;
        }
        switch (next) {
            case Next::stop:
                return;
            case Next::wait:
                pass(run, run.at);
                scanner_ = before;
                pending_.assign(bytes.substr(run.at));
                return;
            case Next::drop:
                pass(run, run.at);
                run.from = end;
                dropping_ = !piece.last;
                follows_request_ = traced_.open;
                break;
            case Next::forward:
                if (trace_ != nullptr && concerns_trace()) trace_message(piece);
                if (piece.first && !rewritten) {
                    if (!piece.carried.empty()) {
                        server().record(piece.carried);
                        server().send(piece.carried);
                    }
                    server().asked(piece.type, note_of(piece));
                }
                if (piece.last && half_sent_) {
                    half_sent_ = false;
                    pass(run, end);
                    if (server().tracker().settled()) settle(server().tracker().status());
                }
                break;
        }
    }
}

PostgresqlSession::Next PostgresqlSession::begin_message(const pg::Piece& piece) {
    switch (piece.type) {
        case 'Q':
            if (trace_ != nullptr) look_for_trace(piece.body);
            break;
        case 'P':
            if (trace_ != nullptr) look_for_trace(ends_of_parsed(piece));
            break;
        case 'B':
        case 'D':
        case 'E':
        case 'C':
        case 'S':
        case 'H':
        case 'F':
            break;
        case 'd':
        case 'c':
        case 'f':
            // What still comes of a COPY that has failed already goes nowhere, as on a server.
            return server_ != nullptr && !skipping_ && !server().tracker().settled() ? Next::forward
                                                                                     : Next::drop;
        case 'X':
            // What was asked before is still answered, as a server would.
            leaving_ = server_ != nullptr && server().tracker().ready_due() > 0 &&
                       !server().tracker().batch_open() && !server().tracker().copying_in();
            if (!leaving_) leave(ClientClose::client, true);
            return Next::stop;
        default:
            farewell(protocol_violation("unexpected message from the client"),
                     ClientClose::protocol_error, false);
            return Next::stop;
    }
    if (skipping_) {
        if (piece.type == 'S') {
            skipping_ = false;
            reply(pg::ready_for_query(pg::TransactionStatus::idle));
        }
        return Next::drop;
    }
    if (server_ != nullptr && !asked_names_.empty()) {
        // What was reset may have to be set as the session began; what was set may change what a
        // statement is here.
        awaits_names_ = true;
        return Next::wait;
    }
    if (piece.type == 'Q' && wire::may_set_trace(piece.body, piece.length)) {
        const Next next = set_trace(piece);
        if (next != Next::forward) return next;
    }
    if (server_ == nullptr) {
        const Next next = without_server(piece);
        if (next != Next::forward) return next;
    }
    return Next::forward;
}

PostgresqlSession::Next PostgresqlSession::without_server(const pg::Piece& piece) {
    if (piece.type == 'H') return Next::drop;  // nothing was asked that could be flushed
    if (!refusal_) {
        const base::Instant now = home_.now();
        if (trace_ != nullptr) {
            trace_->asked(now);
            if (follows_request_) announce_trace(piece);
        }
        const pool::Acquired acquired = tenant_.pool->acquire(*this, now);
        switch (acquired.kind) {
            case pool::Acquired::Kind::ready:
                link(static_cast<PostgresqlServer&>(*acquired.server));
                return settings_agree() ? Next::forward : Next::wait;
            case pool::Acquired::Kind::waiting:
                trace_queued();
                enter(ClientState::waiting);
                return Next::wait;
            case pool::Acquired::Kind::refused:
                refused(acquired.refusal);
                home_.loop().cancel(*this);  // it is answered right here
                break;
        }
    }
    answer_refusal(piece.type);
    return Next::drop;
}

void PostgresqlSession::answer_refusal(char type) {
    const Answer why = *std::exchange(refusal_, std::nullopt);
    reply(pg::error_response("ERROR", why.sqlstate, why.message, {}, why.hint));
    if (type == 'Q' || type == 'F' || type == 'S') {
        reply(pg::ready_for_query(pg::TransactionStatus::idle));
    } else {
        skipping_ = true;
    }
}

// Looks at a piece that is about to be sent, and keeps its connection's books.
bool PostgresqlSession::inspect(const pg::Piece& piece, Run& run) {
    const bool asks_statement = piece.type == 'B' || piece.type == 'D' || piece.type == 'C';
    if (piece.first && asks_statement && !carry_unnamed(piece, run)) {
        return false;
    }
    if (piece.type == 'Q') scan_query(piece);
    if (piece.type == 'P') scan_parse(piece);
    if (piece.first && piece.type == 'B') {
        unnamed_.for_each_acts([this](const StatementActs& acts) { note(acts); });
    }
    const bool ends_request = piece.type == 'Q' || piece.type == 'S' || piece.type == 'F';
    if (piece.last && ends_request) ++requests_sent_;
    if (piece.last && quiet_ && !server().tracker().settled()) work_began();
    return true;
}

// The server has nothing to do before the message is whole: until then the client holds up its
// connection as much as by saying nothing.
void PostgresqlSession::begin_request(bool whole) {
    const base::Instant now = home_.now();
    query_started_ = now;
    if (!in_transaction_) {
        in_transaction_ = true;
        transaction_started_ = now;
    }
    if (whole && quiet_) work_began();
    if (!whole) keep_quiet(true);
    server().begin_request();
}

void PostgresqlSession::work_began() {
    quiet_ = false;
    query_started_ = home_.now();
    tenant_.pool->busy(*server_, query_started_);
    enter(ClientState::active);
}

void PostgresqlSession::keep_quiet(bool in_transaction) {
    quiet_ = true;
    tenant_.pool->quiet(*server_, in_transaction, home_.now());
}

// Bind and Describe of the unnamed statement need its Parse, where that went to another connection;
// where there was none, they must not find a stranger's.
// False: the statement's name has not come yet.
bool PostgresqlSession::carry_unnamed(const pg::Piece& piece, Run& run) {
    const UnnamedStatement::Need need = unnamed_.before_use(server().batch());
    if (need == UnnamedStatement::Need::nothing) return true;
    std::string_view body = piece.body;
    const bool complete =
        piece.last || piece.carried.size() + piece.bytes.size() >= carried_statement_limit;
    if (body.empty()) return complete;
    if (piece.type != 'B') {
        if (body.front() != 'S') return true;
        body.remove_prefix(1);
    } else {
        const std::size_t portal_end = body.find('\0');
        if (portal_end == std::string_view::npos) return complete;
        body.remove_prefix(portal_end + 1);
    }
    if (body.empty()) return complete;
    if (body.front() != '\0') return true;
    if (need == UnnamedStatement::Need::patience) {
        awaits_names_ = true;
        return false;
    }
    pass(run, run.at);
    unnamed_.change_sent(server().batch());
    if (unnamed_.text().empty()) {
        server().send_hidden('C', pg::close_statement({}), PostgresqlServer::unnamed_carry_note);
    } else {
        server().send_hidden('P', unnamed_.text(), PostgresqlServer::unnamed_carry_note);
    }
    return true;
}

void PostgresqlSession::scan_query(const pg::Piece& piece) {
    if (piece.first) statement_scan_.reset(server().standard_strings());
    statement_scan_.feed(piece.body.substr(0, piece.body.find('\0')));
    note_hidden_quotes(piece.body);
    if (!piece.last) return;
    statement_scan_.finish();
    if (!statement_scan_.words().found_nothing()) note(acts_of(statement_scan_));
}

// A Parse is judged when it is whole; one that is too long to be carried keeps its connection.
void PostgresqlSession::scan_parse(const pg::Piece& piece) {
    constexpr std::size_t header = 5;
    if (piece.first) parse_.clear();
    for (const std::string_view part : {piece.carried, piece.bytes}) {
        parse_.append(part.substr(0, carried_statement_limit - parse_.size()));
    }
    if (!piece.last) return;
    const std::size_t name_end = parse_.find('\0', header);
    if (piece.length > carried_statement_limit || name_end == std::string::npos) {
        note_effects(bit(Effect::prepared));
        own_names_ = own_names_ || name_end != header;
        return;
    }
    StatementActs acts = scan_text(std::string_view(parse_).substr(name_end + 1));
    note(acts);
    if (name_end == header) {
        parse_acts_ = std::move(acts);
    } else {
        note_effects(bit(Effect::prepared));
    }
}

StatementActs PostgresqlSession::scan_text(std::string_view text) {
    statement_scan_.reset(server().standard_strings());
    statement_scan_.feed(text.substr(0, text.find('\0')));
    statement_scan_.finish();
    note_hidden_quotes(text);
    return acts_of(statement_scan_);
}

void PostgresqlSession::note_effects(std::uint32_t effects) {
    if (effects == 0) return;
    effects_ |= effects;
    effects_request_ = requests_sent_ + 1;
}

void PostgresqlSession::pass(Run& run, std::size_t to) {
    const std::size_t from = std::exchange(run.from, std::max(run.from, to));
    if (to <= from || server_ == nullptr) return;
    const std::string_view bytes = run.bytes.substr(from, to - from);
    server().record(bytes);
    if (run.slice != nullptr) {
        server().send(run.slice->part(from, to - from));
    } else {
        server().send(bytes);
    }
    if (server().unsent() > loop::Stream::pause_mark) pause_client(client_paused_);
}

// What becomes of the unnamed statement is known when this message is answered.
std::uint32_t PostgresqlSession::note_of(const pg::Piece& piece) {
    constexpr std::string_view close("S\0", 2);
    const std::uint64_t batch = server().batch();
    switch (piece.type) {
        case 'P': {
            if (!piece.body.empty() && piece.body.front() != '\0') return 0;
            if (!piece.last || piece.length > carried_statement_limit) parse_.clear();
            unnamed_.parse_sent(parse_, std::exchange(parse_acts_, {}), batch);
            return PostgresqlServer::unnamed_note;
        }
        case 'C':
            if (piece.body != close) return 0;
            break;
        case 'Q':
            if (!unnamed_.may_exist()) return 0;
            break;
        default:
            return 0;
    }
    unnamed_.change_sent(batch);
    return PostgresqlServer::unnamed_end_note;
}

}  // namespace weir::proxy
