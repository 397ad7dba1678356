// Whose trace a PostgreSQL client's transactions are: what its statements' comments and
// SET weir.traceparent say, and what is told of its queries. A comment in a Parse is the parent of
// what is executed in the same batch; of a statement that was prepared before it is a link.
#include <utility>

#include "proxy/pool_loop.h"
#include "proxy/postgresql_server.h"
#include "proxy/postgresql_session.h"
#include "wire/postgresql/messages.h"
#include "wire/postgresql/result_messages.h"
#include "wire/trace_setting.h"

namespace weir::proxy {

namespace pg = wire::postgresql;

namespace {

// Of a statement's text, for its span.
constexpr std::size_t longest_kept = 8192;

}  // namespace

// It asks for a connection with this message: who reads the trace's first words early can link it
// to those who keep it waiting.
void PostgresqlSession::announce_trace(const pg::Piece& piece) {
    const bool parse = piece.type == 'P';
    if (!parse && piece.type != 'Q') return;
    const auto whose = wire::find_trace(parse ? pg::parsed_text(piece.body) : piece.body);
    if (!whose) return;
    if (!parse) trace_->said(*whose);
    if (parse && whose->parent.sampled) trace_->expects_sampled();
}

// A message that is being passed on.
void PostgresqlSession::trace_message(const pg::Piece& piece) {
    if (std::string_view("QPBDECSF").find(piece.type) == std::string_view::npos) return;
    if (!traced_.open) {
        traced_ = {};
        traced_.open = follows_request_ = true;
        traced_.began = home_.now();
    }
    const auto tell = [this](std::string_view text) {
        if (std::exchange(traced_.told, true)) return;
        trace_->query_began(traced_.began);
        if (!text.empty()) trace_->query_text(text);
    };
    switch (piece.type) {
        case 'Q': {
            const std::string_view text = piece.body.substr(0, piece.body.find('\0'));
            // Of one that comes in pieces the comment is in the last, the rest in the first.
            if (piece.last && wire::may_trace(text)) {
                if (const auto whose = wire::find_trace(text)) trace_->said(*whose);
            }
            if (piece.first) tell(text);
            break;
        }
        case 'P': {
            if (!piece.first) break;
            const std::string_view text = pg::parsed_text(piece.body);
            traced_.parsed = true;
            traced_.whose = wire::may_trace(text) ? wire::find_trace(text) : std::nullopt;
            const bool may_be_seen = traced_.whose && traced_.whose->parent.sampled;
            if (may_be_seen || trace_->wants_text()) traced_.text = text.substr(0, longest_kept);
            break;
        }
        case 'B': {
            if (!piece.first || traced_.parsed || !trace_->sampled()) break;
            const std::string_view text = bound_text(piece);
            if (trace_->wants_text()) traced_.text = text.substr(0, longest_kept);
            if (!wire::may_trace(text)) break;
            if (const auto whose = wire::find_trace(text)) {
                trace_->mentioned(whose->parent);
            }
            break;
        }
        case 'E':
            if (traced_.whose) trace_->said(*std::exchange(traced_.whose, std::nullopt));
            tell(traced_.text);
            break;
        default:
            break;
    }
    if (!piece.last || (piece.type != 'Q' && piece.type != 'S' && piece.type != 'F')) return;
    if (traced_.whose) trace_->mentioned(traced_.whose->parent);
    tell(traced_.text);
    traced_.open = follows_request_ = false;
}

// The text of the statement that a Bind names; empty: it can't be told.
std::string_view PostgresqlSession::bound_text(const pg::Piece& piece) const {
    const std::size_t portal_end = piece.body.find('\0');
    if (portal_end == std::string_view::npos) return {};
    const std::string_view rest = piece.body.substr(portal_end + 1);
    const std::string_view name = rest.substr(0, rest.find('\0'));
    if (name.empty()) {
        constexpr std::size_t header = 5;
        const std::string_view message = unnamed_.text();
        return message.size() <= header ? std::string_view()
                                        : pg::parsed_text(message.substr(header));
    }
    const Statement* const statement = named(name);
    if (statement == nullptr || *statement == nullptr) return {};
    const std::string_view definition = (*statement)->definition;
    return definition.substr(0, definition.find('\0'));
}

// SET weir.traceparent is answered here, in its turn, and never reaches a server. What is no
// traceparent ends the one before, as if there were none.
PostgresqlSession::Next PostgresqlSession::set_trace(const pg::Piece& piece) {
    if (!piece.last) return Next::wait;  // it is short enough to be seen whole
    const auto setting = wire::read_trace_setting(piece.body.substr(0, piece.body.find('\0')));
    if (!setting) return Next::forward;
    const bool has_server = server_ != nullptr;
    // In a batch without its Sync, or amid a COPY, there is no answer that it could wait for.
    if (has_server && (server().tracker().batch_open() || server().tracker().copying_in())) {
        return Next::forward;
    }
    if (has_server && !server().tracker().settled()) {
        awaits_names_ = true;
        return Next::wait;
    }
    if (has_server && server().tracker().status() == pg::TransactionStatus::failed) {
        reply(pg::error_response("ERROR", "25P02",
                                 "current transaction is aborted, commands ignored until end of "
                                 "transaction block"));
        reply(pg::ready_for_query(pg::TransactionStatus::failed));
        return Next::drop;
    }
    if (trace_ != nullptr) {
        const auto parent = wire::read_traceparent(setting->value);
        const auto whose = parent ? std::optional(wire::TraceComment{*parent, {}}) : std::nullopt;
        if (!setting->local) trace_->set_standing(whose);
        // Without a transaction it has no effect, as on a server.
        const bool inside =
            has_server && server().tracker().status() != pg::TransactionStatus::idle;
        if (setting->local && whose && inside) trace_->said(*whose);
    }
    reply(pg::command_complete(setting->resets ? "RESET" : "SET"));
    reply(pg::ready_for_query(has_server ? server().tracker().status()
                                         : pg::TransactionStatus::idle));
    return Next::drop;
}

}  // namespace weir::proxy
