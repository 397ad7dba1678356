#include "proxy/session.h"

#include "proxy/pool_loop.h"
#include "proxy/server_connection.h"

namespace weir::proxy {

Session::Session(PoolLoop& home, Newcomer newcomer, TenantPool& tenant, std::uint32_t id)
    : home_(home),
      who_(std::move(newcomer)),
      tenant_(tenant),
      id_(id),
      state_since_(home.now()),
      probe_(home.session_probe(who_.listener)) {
    ++tenant_.clients;
    probe_.entered(client_state_);
}

Session::~Session() {
    --tenant_.clients;
    if (has_key_) tenant_.leave(key);
    home_.loop().cancel(*this);
    home_.not_idle(*this);
}

void Session::trace_checkouts(CheckoutTrace::Redaction without_literals) {
    if (!home_.tracer().on()) return;
    trace_ = std::make_unique<CheckoutTrace>(home_, tenant_, without_literals);
    if (who_.trace) trace_->set_standing(std::move(who_.trace));
}

void Session::trace_queued() {
    if (trace_ == nullptr) return;
    trace_->queued(tenant_.pool->waiting(), tenant_.pool->wait_cause());
}

void Session::trace_refused(const pool::Refusal& refusal) {
    if (trace_ != nullptr) trace_->refused(refusal, home_.now());
}

void Session::trace_granted(const ServerConnection& server) {
    if (trace_ == nullptr) return;
    const auto source = shares ? std::nullopt : std::optional(server.served_as());
    trace_->granted(server, server.address(), source, home_.now());
}

void Session::trace_ended(ServerConnection* server, std::string_view error) {
    if (trace_ != nullptr) trace_->ended(server, error, home_.now());
}

void Session::leaked(ServerConnection& server) {
    if (trace_ != nullptr) trace_->leaked(server, home_.now());
}

void Session::enter(telemetry::ClientState state) {
    if (state == client_state_) return;
    probe_.changed(client_state_, state);
    if (state == telemetry::ClientState::idle) {
        home_.idle(*this);
    } else if (client_state_ == telemetry::ClientState::idle) {
        home_.not_idle(*this);
    }
    client_state_ = state;
    state_since_ = home_.now();
}

void Session::finish(telemetry::ClientClose reason) {
    if (finished_) return;
    finished_ = true;
    home_.not_idle(*this);
    probe_.closed(client_state_, reason);
    home_.retire(*this);
}

void Session::depart() {
    finished_ = true;
    home_.not_idle(*this);
    probe_.left(client_state_);
    home_.retire(*this);
}

ClientStatus Session::status(base::Instant now) const {
    ClientStatus status;
    status.id = home_.name_of(id_);
    status.listener = home_.shared().listeners[who_.listener]->labels.listener;
    status.pool = tenant_.pool->settings().name;
    status.tenant = tenant_.match.tenant;
    status.app = tenant_.match.app;
    status.user = who_.user;
    status.database = who_.database;
    status.address = who_.address;
    status.application_name = who_.application_name;
    status.state = base::word(client_state_);
    status.connected_seconds = base::seconds(now - who_.connected);
    status.state_seconds = base::seconds(now - state_since_);
    if (server_ != nullptr) status.server = home_.name_of(server_->id());
    return status;
}

}  // namespace weir::proxy
