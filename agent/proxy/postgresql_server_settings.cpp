// The settings of one server connection: what it is told before it serves a client, and what is
// asked of it afterwards. Source: PostgreSQL documentation, "Asynchronous Operations": a server may
// report a parameter at any time; and "System Administration Functions".
#include <algorithm>
#include <cassert>

#include "proxy/pool_loop.h"
#include "proxy/postgresql_server.h"
#include "proxy/postgresql_session.h"
#include "proxy/target_fit.h"
#include "wire/postgresql/messages.h"
#include "wire/postgresql/settings_messages.h"

namespace weir::proxy {

namespace pg = wire::postgresql;

bool PostgresqlServer::synchronize(const ParameterSetRef& settings) {
    const SettingsDifference change = difference(*settings, *applied_, *reported_, *base_);
    if (change.empty()) {
        applied_ = settings;
        return false;
    }
    synchronizing_to_ = settings;
    resets_sent_ = !change.to_reset.empty();
    synchronization_error_.clear();
    say(pg::replay(change.to_set, change.to_reset));
    tenant_.pool->probe().wait_began(telemetry::WaitCause::state_sync, home_.now());
    return true;
}

// Precondition: nothing is outstanding.
void PostgresqlServer::synchronized() {
    const ParameterSetRef settings = end_synchronization();
    assert(holder_ != nullptr);
    if (!synchronization_error_.empty() && resets_sent_) {
        // It may be what a stranger has left: another connection will tell.
        PostgresqlSession* const holder = holder_;
        give_up(pool::ReapReason::check_failed);
        holder->retry({});
        return;
    }
    if (!synchronization_error_.empty()) {
        dirty_ = true;
        holder_->settings_refused(synchronization_error_);
        return;
    }
    applied_ = settings;
    tenant_.pool->probe().settings_replayed();
    holder_->settings_applied();
}

ParameterSetRef PostgresqlServer::end_synchronization() {
    tenant_.pool->probe().wait_ended(telemetry::WaitCause::state_sync, home_.now());
    return std::exchange(synchronizing_to_, nullptr);
}

void PostgresqlServer::ask(const std::vector<std::string>& names,
                           const std::vector<std::string>& sources) {
    assert(!asking_);
    asking_ = true;
    told_.clear();
    say(pg::ask_settings(names, sources));
}

void PostgresqlServer::say(const pg::Batch& batch) {
    for (const char type : batch.types) tracker_.sent(type, true);
    sent_ += batch.bytes.size();
    stream_->write(batch.bytes);
}

void PostgresqlServer::swallowed(char type, std::string_view body) {
    if (synchronizing() && type == 'E' && synchronization_error_.empty()) {
        synchronization_error_ = body;
    }
    if (!asking_) return;
    if (type == 'D') told_ = body;
    if (type == 'E') told_.clear();
}

void PostgresqlServer::parameter_reported(std::string_view body) {
    const auto parameter = pg::read_parameter_status(body);
    if (!parameter) return;
    const std::string name = lower_case(parameter->name);
    if (name == "standard_conforming_strings") standard_strings_ = parameter->value == "on";
    ParameterSets& sets = tenant_.sets;
    reported_ = sets.with(*reported_, name, parameter->value);
    if (synchronizing()) {
        // Reset, it has the server's own value, which may have changed unseen.
        if (synchronizing_to_->find(name) == nullptr)
            base_ = sets.with(*base_, name, parameter->value);
    } else if (holder_ != nullptr) {
        holder_->parameter_reported(name);
    } else if (chore_ != Chore::drain && chore_ != Chore::rollback) {
        own_changed(name, parameter->value);  // no client's doing
    }
}

void PostgresqlServer::own_changed(const std::string& name, std::string_view value) {
    ParameterSets& sets = tenant_.sets;
    base_ = sets.with(*base_, name, value);
    applied_ = sets.without(*applied_, name);
    tenant_.forget_greetings(key());
}

bool PostgresqlServer::fits() const {
    return fits_target(home_.upstream(tenant_).settings.target, *reported_, *applied_, *base_,
                       write_refused_);
}

void PostgresqlServer::settings_discarded() { applied_ = tenant_.sets.empty(); }

}  // namespace weir::proxy
