// How a server connection becomes fit for the next client: cancelling, draining, rolling back and
// discarding what the last one left.
#include <algorithm>

#include "proxy/pool_loop.h"
#include "proxy/postgresql_server.h"
#include "proxy/postgresql_session.h"
#include "proxy/span_facts.h"
#include "wire/postgresql/messages.h"

namespace weir::proxy {

namespace pg = wire::postgresql;
using pool::ReapReason;
using pool::ReleaseResult;

void PostgresqlServer::release() {
    if (cancel_under_way() || cancel_at_large_) {
        abandon(true, true, false);
        return;
    }
    finish(ReleaseResult::clean);
}

void PostgresqlServer::finish(ReleaseResult result) {
    holder_ = nullptr;
    chore_ = Chore::none;
    chore_ended();
    pause(false);
    if (result != ReleaseResult::clean) trace_reset(home_, *this);
    if (!fits()) pool()->outdated(*this, home_.now());
    pool()->release(*this, result, home_.now());
}

void PostgresqlServer::abandon(bool orderly, bool whole, bool dirty) {
    holder_ = nullptr;
    dirty_ = dirty_ || dirty || asking_ || synchronizing();
    asking_ = false;
    if (synchronizing()) (void)end_synchronization();
    pause(false);
    if (!whole || cancel_at_large_) {
        give_up(ReapReason::desync);
        return;
    }
    chore_ = Chore::drain;
    if (tracker_.settled()) {
        clean();
        return;
    }
    end_batch();
    resolve_doubt();
    if (!orderly) {
        cancel_work();
        return;
    }
    pool()->begin_reset(*this, home_.now());
    const base::Duration limit = tenant_.pool->settings().query_timeout;
    chore_began(limit.count() > 0 ? std::min(limit, finishing_limit) : finishing_limit);
}

void PostgresqlServer::cancel_work() {
    pool()->begin_cancel(*this, home_.now());
    chore_began();
    deliver_cancel();
}

// What a client that took its leave had asked for runs too long: it is cancelled, once.
bool PostgresqlServer::chore_late() {
    if (chore_ != Chore::drain || state() != pool::ServerState::resetting) return false;
    cancel_work();
    return true;
}

void PostgresqlServer::end_batch() {
    if (tracker_.copying_in()) say('f', pg::copy_fail("the client has gone"));
    if (tracker_.batch_open()) say('S', pg::sync());
}

// Precondition: nothing outstanding. Takes the next step towards a connection anybody may use.
void PostgresqlServer::clean() {
    if (cancel_under_way()) {
        if (state() != pool::ServerState::cancelling) pool()->begin_cancel(*this, home_.now());
        chore_began();
        return;
    }
    // What DISCARD ALL leaves are the server's defaults, changed since the connection was made.
    if (chore_ == Chore::discard) {
        settings_discarded();
        forget_statements();
    }
    if (tracker_.status() != pg::TransactionStatus::idle) {
        rolled_back_ = true;
        start(Chore::rollback, "ROLLBACK");
    } else if (dirty_) {
        dirty_ = false;
        start(Chore::discard, "DISCARD ALL");
    } else {
        const bool reset = chore_ == Chore::discard;
        finish(reset          ? ReleaseResult::reset
               : rolled_back_ ? ReleaseResult::rollback
                              : ReleaseResult::clean);
    }
}

void PostgresqlServer::start(Chore chore, std::string_view sql) {
    if (chore != Chore::check && state() != pool::ServerState::resetting) {
        pool()->begin_reset(*this, home_.now());
    }
    chore_ = chore;
    chore_began();
    say('Q', pg::query(sql));
}

void PostgresqlServer::check() { start(Chore::check, ""); }

void PostgresqlServer::request_cancel() {
    if (!tracker_.settled()) deliver_cancel();
}

void PostgresqlServer::cancel_delivered(bool delivered) {
    // It may still be on its way to hit whoever comes next: nobody may.
    if (!delivered) cancel_at_large_ = true;
    if (holder_ != nullptr || chore_ == Chore::none) return;
    if (!delivered) {
        give_up(ReapReason::desync);
        return;
    }
    if (tracker_.settled() && !cancel_under_way()) clean();
}

}  // namespace weir::proxy
