#include "proxy/server_connection.h"

#include <fmt/format.h>

#include "proxy/pool_loop.h"
#include "proxy/session.h"

namespace weir::proxy {

ServerConnection::ServerConnection(PoolLoop& home, TenantPool& tenant,
                                   pool::CompatibilityKey dialed_with,
                                   upstream::Established& established, std::uint32_t id)
    : home_(home),
      tenant_(tenant),
      id_(id),
      backend_pid_(established.backend_pid),
      cancel_(std::move(established.cancel)),
      address_(home.kept_address(established.address)) {
    tenant.use(dialed_with);
    loop::Detached connection;
    connection.owner = std::move(established.connection);
    connection.tls = std::move(established.tls);
    stream_ = &home_.loop().open(std::move(connection), *this);
}

ServerConnection::~ServerConnection() {
    chore_ended();
    tenant_.leave(key());
}

void ServerConnection::begin_close() {
    assert(!closing_);
    closing_ = true;
    chore_ended();
    if (stream_ == nullptr || input_ended_) {  // the peer was faster
        gone();
        return;
    }
    say_goodbye();
    stream_->shutdown_write();
    stream_->resume_receive();
    deadline_ = home_.now() + closing_limit;
    home_.chores().push_back(*this);
}

void ServerConnection::chore_overdue() {
    chore_ended();
    if (closing_) {
        gone();
    } else if (!chore_late()) {
        pool()->discard(*this, telemetry::ReapReason::desync, home_.now());
    }
}

void ServerConnection::end_of_input() {
    input_ended_ = true;
    if (closing_) {
        gone();
    } else {
        lost(0, true);
    }
}

void ServerConnection::closed(int error) {
    acknowledged_at_loss_ = stream_->acknowledged_bytes();
    stream_ = nullptr;
    if (closing_) {
        gone();
    } else {
        lost(error, false);
    }
}

void ServerConnection::gone() {
    chore_ended();
    if (stream_ != nullptr) {
        stream_->close();
        stream_ = nullptr;
    }
    home_.closing_done(*this);
}

void ServerConnection::chore_began(base::Duration limit) {
    chore_ended();
    deadline_ = home_.now() + limit;
    home_.chores().push_back(*this);
}

void ServerConnection::chore_ended() {
    if (base::ListHook<ChoreTag>::linked()) home_.chores().erase(*this);
}

void ServerConnection::deliver_cancel() {
    ++cancels_under_way_;
    home_.deliver_cancel(id_, cancel_);
}

void ServerConnection::cancel_answered(bool delivered) {
    --cancels_under_way_;
    if (!closing_) cancel_delivered(delivered);
}

ServerStatus ServerConnection::status(base::Instant now) const {
    ServerStatus status;
    status.id = home_.name_of(id_);
    status.pool = tenant_.pool->settings().name;
    status.tenant = tenant_.match.tenant;
    status.app = tenant_.match.app;
    status.upstream = tenant_.pool->settings().upstream;
    status.state = base::word(state());
    if (pin_reason()) status.pin_reason = base::word(*pin_reason());
    status.backend_pid = backend_pid_;
    status.age_seconds = base::seconds(now - created());
    status.state_seconds = base::seconds(now - since());
    if (const Session* client = holder()) {
        status.client = home_.name_of(client->id());
        status.client_address = client->who().address;
        status.application_name = client->who().application_name;
    }
    status.last_statement = last_statement();
    status.leak_suspected = leak_suspected();
    status.condemned = condemned();
    return status;
}

LeakStatus ServerConnection::leak(base::Instant now) const {
    LeakStatus leak;
    leak.server = home_.name_of(id_);
    leak.pool = tenant_.pool->settings().name;
    leak.tenant = tenant_.match.tenant;
    leak.app = tenant_.match.app;
    if (const Session* client = holder()) {
        leak.user = client->who().user;
        leak.client = home_.name_of(client->id());
        leak.client_address = client->who().address;
        leak.application_name = client->who().application_name;
        const telemetry::SpanContext span = client->evidence();
        if (span.valid())
            leak.trace_id = fmt::format("{:016x}{:016x}", span.trace.high, span.trace.low);
    }
    leak.state = held_state();
    if (pin_reason()) leak.pin_reason = base::word(*pin_reason());
    leak.last_statement = last_statement();
    leak.action = base::word(tenant_.pool->settings().leak_action);
    leak.backend_pid = backend_pid_;
    leak.held_seconds = base::seconds(now - held_since());
    leak.quiet_seconds = base::seconds(now - quiet_since());
    return leak;
}

}  // namespace weir::proxy
