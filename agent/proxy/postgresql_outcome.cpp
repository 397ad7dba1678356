// What the server's replies mean for its client: what a request did, when a transaction has ended,
// and whether the connection can be let go of.
#include <utility>

#include "proxy/pin_reason.h"
#include "proxy/pool_loop.h"
#include "proxy/postgresql_server.h"
#include "proxy/postgresql_session.h"
#include "wire/postgresql/messages.h"

namespace weir::proxy {

namespace pg = wire::postgresql;
using pg::Effect;
using telemetry::ClientClose;
using telemetry::ClientState;

void PostgresqlSession::completed(std::string_view tag) {
    rolled_back_ = tag == "ROLLBACK";
    if (tag.empty() || tag.front() != 'D') return;
    if (pg::clears_session(tag)) {
        discarded_ = true;
        resets_all_ = carries_settings();
    }
    if (pg::clears_statements(tag)) {
        named_.clear();
        unnamed_.forget();
        own_names_ = false;
        server().forget_statements();
    }
}

void PostgresqlSession::failed(std::string_view sqlstate, std::string_view error) {
    failed_ = true;
    rolled_back_ = true;
    tenant_.pool->probe().query_failed(sqlstate);
    if (trace_ != nullptr) trace_->query_failed(sqlstate);
    // A plan that a change of its tables has outdated, or a statement of ours that is not there
    // after all: it is prepared anew at its next use.
    const bool missing =
        sqlstate == "26000" && error.find(StatementCatalogue::prefix) != std::string_view::npos;
    if (sqlstate == "0A000" || missing) server().doubt_statements();
}

void PostgresqlSession::ready(pg::TransactionStatus status, bool settled) {
    const base::Instant now = home_.now();
    telemetry::PoolProbe& probe = tenant_.pool->probe();
    probe.query_ended(failed_ ? telemetry::QueryOutcome::error : telemetry::QueryOutcome::ok,
                      now - query_started_);
    tenant_.pool->tenant_probe().query_ended();
    if (trace_ != nullptr) trace_->query_ended(now - query_started_, now);
    failed_ = false;
    query_started_ = now;
    ++requests_answered_;
    if (discarded_) {
        discarded_ = false;
        if (effects_request_ < requests_answered_) effects_ = 0;
    }
    if (status == pg::TransactionStatus::idle) {
        probe.transaction_ended(
            rolled_back_ ? telemetry::TransactionEnd::rollback : telemetry::TransactionEnd::commit,
            now - transaction_started_);
        rolled_back_ = false;
        transaction_started_ = now;
        in_transaction_ = !settled;
    }
    if (settled) settle(status);
}

bool PostgresqlSession::accepts(pg::TransactionStatus status) {
    if (status == pg::TransactionStatus::idle || who_.dedicated ||
        tenant_.pool->settings().mode != settings::PoolMode::statement) {
        return true;
    }
    farewell({"0A000", "transaction blocks are not allowed in statement mode", {}},
             ClientClose::protocol_error, false);
    return false;
}

void PostgresqlSession::settle(pg::TransactionStatus status) {
    const base::Instant now = home_.now();
    former_names_.clear();
    clears_all_ = false;
    names_settled();
    if (trace_ != nullptr) trace_->nothing_outstanding();
    requests_answered_ = requests_sent_;  // a COPY makes the server ignore some Syncs
    const bool idle = status == pg::TransactionStatus::idle;
    if (leaving_) {
        leave(ClientClose::client, true);
        return;
    }
    if (scanner_.inside_body() && !dropping_) {
        half_sent_ = true;  // the rest of a message must not go to another connection
        keep_quiet(true);
        return;
    }
    if (idle && draining_) {
        dismiss(ClientClose::drain);
        return;
    }
    if (idle) {
        if (!reported_names_.empty()) forget_what_is_as_before();
        if (!keeps_connection() && state_to_reset()) {
            reset_state();
            return;
        }
        if (!settings_settled()) return;
    }
    if (idle && !keeps_connection()) {
        if (effects_ == 0) {
            if (server_->state() == pool::ServerState::pinned) tenant_.pool->unpin(*server_, now);
            unlink();
            enter(ClientState::idle);
            return;
        }
        if (server_->state() == pool::ServerState::used) {
            tenant_.pool->pin(*server_, pin_reason(effects_), now);
        }
    }
    // It keeps its connection: what was reset there it has again as its session began.
    if (idle) (void)settings_agree();
    keep_quiet(!idle);
    enter(idle ? ClientState::idle : ClientState::active);
}

}  // namespace weir::proxy
