// How a MySQL server connection becomes fit for the next client: cancelling, draining, rolling back
// and resetting what the last one left; and how it ends against its will.
// Source: MariaDB documentation, "COM_RESET_CONNECTION": it rolls back, drops temporary tables,
// locks, variables and prepared statements, and gives variables their global values.
#include <cerrno>
#include <utility>

#include "base/log.h"
#include "proxy/mysql_server.h"
#include "proxy/mysql_session.h"
#include "proxy/mysql_settings.h"
#include "proxy/pool_loop.h"
#include "proxy/span_facts.h"
#include "wire/mysql/packets.h"

namespace weir::proxy {

namespace my = wire::mysql;
using my::Command;
using pool::ReapReason;
using pool::ReleaseResult;

void MysqlServer::release() {
    if (cancel_under_way() || cancel_at_large_ || !tracker_.settled()) {
        abandon(true, false);
        return;
    }
    finish(ReleaseResult::clean);
}

void MysqlServer::finish(ReleaseResult result) {
    holder_ = nullptr;
    chore_ = Chore::none;
    chore_ended();
    pause(false);
    if (result != ReleaseResult::clean) trace_reset(home_, *this);
    pool()->release(*this, result, home_.now());
}

void MysqlServer::abandon(bool whole, bool dirty) {
    holder_ = nullptr;
    dirty_ = dirty_ || dirty || synchronizing_to_ != nullptr;
    pause(false);
    if (!whole || cancel_at_large_ || tracker_.wants_file()) {
        give_up(ReapReason::desync);
        return;
    }
    chore_ = Chore::drain;
    if (tracker_.settled()) {
        clean();
    } else if (command_runs_) {
        cancel_work();
    } else {
        pool()->begin_reset(*this, home_.now());
        chore_began();
    }
}

void MysqlServer::cancel_work() {
    dirty_ = true;  // what of it was done before it ended nobody knows
    pool()->begin_cancel(*this, home_.now());
    chore_began();
    deliver_cancel();
}

bool MysqlServer::chore_late() {
    if (chore_ != Chore::drain || state() != pool::ServerState::resetting) return false;
    cancel_work();
    return true;
}

// Precondition: nothing outstanding. Takes the next step towards a connection anybody may use.
void MysqlServer::clean() {
    if (cancel_under_way()) {
        if (state() != pool::ServerState::cancelling) pool()->begin_cancel(*this, home_.now());
        chore_began();
        return;
    }
    const bool open = in_transaction() || !tracker_.status_certain();
    rolled_back_ = rolled_back_ || open;
    if (std::exchange(dirty_, false)) {
        begin_chore(Chore::reset);
        forget_memories();
        forget_statements();
        say(Command::reset_connection, {}, Hidden::chore);
        say(Command::query, mysql_trackers, Hidden::chore);
    } else if (open) {
        begin_chore(Chore::rollback);
        say(Command::query, "ROLLBACK", Hidden::chore);
    } else {
        const bool reset = chore_ == Chore::reset;
        finish(reset          ? ReleaseResult::reset
               : rolled_back_ ? ReleaseResult::rollback
                              : ReleaseResult::clean);
    }
}

void MysqlServer::begin_chore(Chore chore) {
    if (chore != Chore::check && state() != pool::ServerState::resetting) {
        pool()->begin_reset(*this, home_.now());
    }
    chore_ = chore;
    chore_began();
}

void MysqlServer::check() {
    begin_chore(Chore::check);
    say(Command::ping, {}, Hidden::chore);
}

void MysqlServer::chore_done(bool failed) {
    if (chore_ == Chore::check) {
        chore_ = Chore::none;
        chore_ended();
        pool()->checked(*this, !failed, home_.now());
        return;
    }
    if (failed) {
        give_up(ReapReason::desync);
        return;
    }
    if (chore_ == Chore::reset) {
        applied_ = tenant_.sets.empty();
        tells_ = {};
        tells_.found_rows = somebodys_statement;  // which a reset does not forget
        left_count_ = 0;
    }
    if (tracker_.settled()) clean();
}

void MysqlServer::request_cancel() {
    if (!tracker_.settled()) deliver_cancel();
}

void MysqlServer::cancel_delivered(bool delivered) {
    // It may still be on its way to hit whoever comes next: nobody may.
    if (!delivered) cancel_at_large_ = true;
    if (holder_ != nullptr || chore_ == Chore::none) return;
    if (!delivered) {
        give_up(ReapReason::desync);
        return;
    }
    if (tracker_.settled() && !cancel_under_way()) clean();
}

// -- the end

bool MysqlServer::request_untouched(int error) const {
    if (answered_ || !request_whole_ || request_.empty() || error == ECONNRESET) return false;
    if (tracker_.outstanding() != 1 || !farewell_.empty()) return false;
    const auto acknowledged =
        stream_ == nullptr ? acknowledged_at_loss_ : stream_->acknowledged_bytes();
    // A broken pipe speaks of the last send only: there must have been no other.
    if (!acknowledged || !acknowledged_at_open_) return error == EPIPE && sends_ == 1;
    return *acknowledged - *acknowledged_at_open_ == sent_before_request_;
}

void MysqlServer::lost(int error, bool /*ended_cleanly*/) {
    if (holder_ != nullptr) set_left_by(holder_->span());
    MysqlSession* const holder = std::exchange(holder_, nullptr);
    // Of a client's command nothing is sent before its settings and its statement are there.
    const bool prepares = synchronizing_to_ != nullptr || preparing_ != nullptr;
    // What the client had open or left here has gone with it: nobody may go on elsewhere as if not.
    const bool bare = holder == nullptr || (!in_transaction() && !holder->left_before());
    const bool untouched = bare && (prepares || request_untouched(error));
    nobody_waits();
    const std::string request = untouched && !prepares ? request_ : std::string();
    pool()->server_lost(*this, home_.now());
    forget_memories();
    if (holder == nullptr) return;
    if (untouched) {
        holder->retry(request);
    } else {
        holder->server_lost(farewell_);
    }
}

void MysqlServer::nobody_waits() {
    chore_ = Chore::none;
    preparing_ = nullptr;
    if (synchronizing_to_ == nullptr) return;
    synchronizing_to_ = nullptr;
    tenant_.pool->probe().wait_ended(telemetry::WaitCause::state_sync, home_.now());
}

void MysqlServer::give_up(ReapReason reason) {
    if (holder_ != nullptr) set_left_by(holder_->span());
    holder_ = nullptr;
    nobody_waits();
    pool()->discard(*this, reason, home_.now());
    forget_memories();
}

void MysqlServer::desync() {
    base::log::error("connection.desync", {{"server", home_.name_of(id())},
                                           {"pool", tenant_.pool->settings().name},
                                           {"tenant", tenant_.match.tenant}});
    tenant_.pool->probe().desynced();
    MysqlSession* const holder = holder_;
    give_up(ReapReason::desync);
    if (holder != nullptr) holder->server_lost({});
}

void MysqlServer::reclaim(bool keep_connection, telemetry::ClientClose reason,
                          const std::string& sqlstate, const std::string& message) {
    if (holder_ != nullptr) {
        MysqlSession& session = *holder_;
        if (!keep_connection) give_up(ReapReason::leak);
        session.reclaimed(reason, sqlstate, message);
    } else if (state() != pool::ServerState::closing) {
        give_up(ReapReason::leak);
    }
}

}  // namespace weir::proxy
