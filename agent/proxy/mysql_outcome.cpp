// What a server's reply means for its MySQL client: what became of its command, when a transaction
// has ended, and whether the connection can be let go of.
#include <algorithm>
#include <utility>

#include "proxy/mysql_server.h"
#include "proxy/mysql_session.h"
#include "proxy/pool_loop.h"

namespace weir::proxy {

namespace my = wire::mysql;
using my::trait_bit;
using my::Verb;
using telemetry::ClientClose;
using telemetry::ClientState;
using telemetry::TransactionEnd;

namespace {

// After an ERR the server's flags are unknown; of these statements, outside of a transaction and
// in autocommit, they are as before.
constexpr bool leaves_no_transaction(Verb verb) {
    return verb == Verb::select || verb == Verb::insert || verb == Verb::update ||
           verb == Verb::remove || verb == Verb::replace || verb == Verb::show;
}

}  // namespace

void MysqlSession::completed() {
    const my::Outcome& outcome = server().tracker().outcome();
    const base::Instant now = home_.now();
    telemetry::PoolProbe& probe = tenant_.pool->probe();
    replying_ = false;
    probe.query_ended(outcome.failed ? telemetry::QueryOutcome::error : telemetry::QueryOutcome::ok,
                      now - query_started_);
    if (outcome.failed) {
        probe.query_failed({outcome.sqlstate.data(), outcome.sqlstate.size()});
        rolled_back_ = true;
    }
    tenant_.pool->tenant_probe().query_ended();
    if (trace_ != nullptr) {
        if (outcome.failed) trace_->query_failed(std::to_string(outcome.error));
        trace_->query_ended(now - query_started_, now);
    }
    if (flow_ != Flow::commands) {  // before it was sent: the server will hear no more of it
        farewell({"08S01", "the server answered before the command was complete", {}},
                 ClientClose::upstream_lost);
        return;
    }
    if ((turn_.traits & trait_bit(Trait::rolls_back)) != 0) rolled_back_ = true;
    status_before_ = std::exchange(status_, server().tracker().status());
    const bool plain = turn_.command == Command::query && turn_.statements == 1 &&
                       leaves_no_transaction(turn_.verb) &&
                       (status_before_ & my::status::in_transaction) == 0 &&
                       (status_before_ & my::status::autocommit) != 0;
    asks_status_ = (!server().tracker().status_certain() && !plain) ||
                   (turn_.traits & trait_bit(Trait::statement_set)) != 0;
    if (turn_.command == Command::stmt_execute || turn_.command == Command::stmt_fetch ||
        turn_.command == Command::stmt_reset) {
        statement_done();
    }
    remember();
    end_effects();
    settle();
}

void MysqlSession::settle() {
    settling_ = true;
    if (std::exchange(asks_insert_id_, false)) {
        server().ask_insert_id();
        return;
    }
    if (std::exchange(asks_status_, false)) {
        server().ask_status();
        return;
    }
    if (std::exchange(asks_collation_, false)) {
        server().ask_collation();
        return;
    }
    if (std::exchange(asks_variables_, false)) {
        server().ask_what_routine_left();
        return;
    }
    settling_ = false;
    const bool open = server().in_transaction();
    const bool idle = !open;
    status_ = server().tracker().status();
    if (idle) transaction_over();
    if (open && !accepts_transactions()) {
        farewell({"0A000", "transactions are not allowed in statement mode", {}},
                 ClientClose::protocol_error);
        return;
    }
    if (idle && draining_) {
        dismiss(ClientClose::drain);
        return;
    }
    if (!pending_.empty() || moving_) home_.loop().defer(*this);
    if (idle && state_to_reset()) {
        reset_state();
        return;
    }
    if (idle && !keeps_connection()) {
        const bool pins = effects_ != 0 || !cursors_.empty();
        if (!pins && server_->state() == pool::ServerState::pinned) {
            tenant_.pool->unpin(*server_, home_.now());
        }
        if (!state_left()) {
            give_back();
            return;
        }
        if (pins && server_->state() == pool::ServerState::used) {
            tenant_.pool->pin(*server_, pin_reason(), home_.now());
        }
    }
    keep_quiet(open);
    enter(idle ? ClientState::idle : ClientState::active);
}

void MysqlSession::transaction_over() {
    if (!std::exchange(in_transaction_, false)) return;
    tenant_.pool->probe().transaction_ended(
        std::exchange(rolled_back_, false) ? TransactionEnd::rollback : TransactionEnd::commit,
        home_.now() - transaction_started_);
}

bool MysqlSession::accepts_transactions() const {
    return tenant_.pool->settings().mode != settings::PoolMode::statement;
}

// Gives the connection back to be wiped: the client goes on as its session began.
void MysqlSession::reset_state() {
    settings_ = startup_;
    effects_ = 0;
    cursors_.clear();
    long_data_for_.clear();
    prepare_error_.reset();
    long_data_refusal_.reset();
    forget_memory();
    let_go().abandon(true, true);
    enter(ClientState::idle);
}

}  // namespace weir::proxy
