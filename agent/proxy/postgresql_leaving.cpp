// How a PostgreSQL session ends: its client gone, an operator or a limit against it, and what its
// client is told.
#include "proxy/pool_loop.h"
#include "proxy/postgresql_server.h"
#include "proxy/postgresql_session.h"
#include "wire/postgresql/messages.h"

namespace weir::proxy {

namespace pg = wire::postgresql;
using telemetry::ClientClose;

void PostgresqlSession::dismiss(ClientClose reason) {
    switch (reason) {
        case ClientClose::timeout:
            farewell({"57P05", "terminating connection due to client_idle_timeout", {}}, reason,
                     true);
            return;
        case ClientClose::drain:
            farewell(home_.served(tenant_) ? proxy::draining()
                                           : pool_removed(tenant_.pool->settings().name),
                     reason, false);
            return;
        default:
            farewell({"57P01", "terminating connection due to administrator command", {}}, reason,
                     false);
    }
}

void PostgresqlSession::drain() {
    draining_ = true;
    const bool between =
        phase_ == Phase::open && !waiting() && !refusal_ &&
        (server_ == nullptr || (server().tracker().settled() &&
                                server().tracker().status() == pg::TransactionStatus::idle));
    if (between) dismiss(ClientClose::drain);
}

void PostgresqlSession::reclaimed(ClientClose reason, const std::string& sqlstate,
                                  const std::string& message) {
    if (server_ != nullptr && server_->holder() != this) {  // given up already
        server_ = nullptr;
        abandon_transaction();
    }
    farewell({sqlstate, message, {}}, reason, false);
}

void PostgresqlSession::abandon_transaction() {
    if (!in_transaction_) return;
    in_transaction_ = false;
    tenant_.pool->probe().transaction_ended(telemetry::TransactionEnd::abandoned,
                                            home_.now() - transaction_started_);
}

void PostgresqlSession::copy_began() {
    if (leaving_) leave(ClientClose::client, true);
}

void PostgresqlSession::farewell(const Answer& why, ClientClose reason, bool orderly) {
    if (stream_ != nullptr) {
        reply(pg::error_response("FATAL", why.sqlstate, why.message, {}, why.hint));
    }
    leave(reason, orderly);
}

void PostgresqlSession::leave(ClientClose reason, bool orderly) {
    if (finished_) return;
    tenant_.pool->cancel(*this, home_.now());
    if (server_ != nullptr) {
        const bool done = !in_transaction_ || leaving_;
        trace_ended(server_, done ? std::string_view() : base::word(reason));
        abandon_transaction();
        PostgresqlServer& left = server();
        server_ = nullptr;
        left.abandon(
            orderly, scanner_.between_messages(),
            !owns_connection() && (keeps_connection() || effects_ != 0 || settings_in_doubt()));
    }
    trace_ended(nullptr, base::word(reason));  // of one that waited, or was taken back
    if (stream_ != nullptr) {
        stream_->close_after_flush();
        stream_ = nullptr;
    }
    finish(reason);
}

}  // namespace weir::proxy
