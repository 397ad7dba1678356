// Which server connection a Redis client has, and for how long.
#include <cassert>
#include <utility>

#include "proxy/holders.h"
#include "proxy/pool_loop.h"
#include "proxy/redis_errors.h"
#include "proxy/redis_server.h"
#include "proxy/redis_session.h"

namespace weir::proxy {

using telemetry::ClientClose;
using telemetry::ClientState;
using telemetry::PinReason;

std::optional<pool::CompatibilityKey> RedisSession::key_for(bool resp3) {
    const settings::Pool& settings = tenant_.pool->settings();
    const Handshake handshake =
        settings.user.empty()
            ? Handshake{.user = who_.user, .password = who_.password, .resp3 = resp3}
            : Handshake{.user = settings::fill(settings.user, tenant_.match),
                        .password = {},
                        .resp3 = resp3};
    return settings.mode == settings::PoolMode::direct ? tenant_.dedicated_key(handshake)
                                                       : tenant_.key(handshake);
}

bool RedisSession::change_protocol(bool resp3) {
    assert(server_ == nullptr && !waiting());
    const auto compatible = key_for(resp3);
    if (!compatible) return false;
    tenant_.leave(std::exchange(key, *compatible));
    who_.resp3 = resp3;
    return true;
}

bool RedisSession::obtain(bool alone, PinReason reason) {
    alone = alone || lease_.kept || lease_.waits || slow_;
    if (server_ != nullptr) {
        if (!alone || lease_.held) return true;
        if (due_ > 0) return false;  // a lease comes after what is due
        give_back();
    }
    shares = !alone;
    wanted_ = reason;
    if (trace_ != nullptr && !refusal_) trace_->asked(home_.now());
    pool::Acquired acquired = tenant_.pool->acquire(*this, home_.now());
    switch (acquired.kind) {
        case pool::Acquired::Kind::ready:
            link(static_cast<ServerConnection&>(*acquired.server));
            return true;
        case pool::Acquired::Kind::waiting:
            trace_queued();
            enter(ClientState::waiting);
            return false;
        case pool::Acquired::Kind::refused:
            refused(acquired.refusal);
            return false;
    }
    return false;
}

void RedisSession::link(ServerConnection& connection) {
    server_ = &connection;
    trace_granted(connection);
    joined_at_ = home_.now();
    lease_.held = !shares;
    quiet_ = false;
    if (shares) {
        server().join(*this);
    } else {
        server().hold(*this);
        if (!lease_.kept) tenant_.pool->pin(connection, wanted_, home_.now());
    }
    enter(ClientState::active);
}

void RedisSession::granted(ServerConnection& connection) {
    link(connection);
    home_.loop().defer(*this);
}

void RedisSession::refused(const pool::Refusal& refusal) {
    trace_refused(refusal);
    const UpstreamLink& upstream = home_.upstream(tenant_);
    refusal_ =
        redis_error(refusal, proxy::answer(refusal, tenant_.pool->settings(), tenant_.match.tenant,
                                           upstream.settings.name, upstream.last_error(),
                                           longest_holder(refusal, home_, tenant_)));
    home_.loop().defer(*this);
}

void RedisSession::nothing_due() {
    lease_.blocking = false;
    if (lease_.held && !lease_over()) {
        keep_quiet();
    } else {
        give_back();
    }
    if (!pending_.empty() || long_ == Long::waits || leaving_ || draining_ || way_ != Way::stays) {
        go_on();
    }
}

void RedisSession::give_back() {
    RedisServer& released = server();
    trace_ended(lease_.held ? server_ : nullptr);
    server_ = nullptr;
    if (std::exchange(server_paused_, false)) released.pause(false);
    if (lease_.held && !output_full_) slow_ = false;
    if (std::exchange(lease_.held, false)) {
        released.release(std::exchange(lease_.in_doubt, false));
    } else {
        released.part(*this);
    }
    resume_client(server_full_);  // nobody else would wake it
    enter(ClientState::idle);
}

// Nothing runs on its own connection, which a watch, a MULTI or a kept one may leave so for long.
void RedisSession::keep_quiet() {
    if (std::exchange(quiet_, true)) return;
    const bool in_transaction = lease_.multi || lease_.watch;
    tenant_.pool->quiet(*server_, in_transaction, home_.now());
    if (!in_transaction && !lease_.relayed && !lease_.blocking) enter(ClientState::idle);
}

void RedisSession::be_busy() {
    if (!std::exchange(quiet_, false)) return;
    tenant_.pool->busy(*server_, home_.now());
    enter(ClientState::active);
}

RedisServer& RedisSession::server() const { return *static_cast<RedisServer*>(server_); }

void RedisSession::answered(char type, std::string_view error, base::Duration took) {
    assert(due_ > 0);
    if (trace_ != nullptr) {
        if (!error.empty()) trace_->query_failed(error);
        trace_->query_ended(took, home_.now());
    }
    // A command that fails may leave a state behind that it was to end.
    if (type == '-' && lease_.held && lease_.needed()) lease_.in_doubt = true;
    if (--due_ == 0) {
        if (type == '-' && begun_ != nullptr) lease_.*begun_ = false;
        nothing_due();
    } else if (due_ < most_due / 2 && !pending_.empty()) {
        go_on();
    }
}

void RedisSession::relayed() {
    // What was subscribed may have ended: the server is asked whether anything is outstanding.
    const bool ended = !lease_.monitor && !lease_.tracking && !lease_.multi &&
                       long_ == Long::none && server().subscriptions() == 0;
    if (ended && !server().fenced()) server().fence();
    if (!pending_.empty()) go_on();
}

void RedisSession::fence_reached() {
    lease_.settled = true;
    const bool ended = !lease_.monitor && !lease_.tracking && !lease_.multi &&
                       long_ == Long::none && server().subscriptions() == 0;
    if (ended) {
        server().end_relay();
        lease_.relayed = lease_.settled = false;
        lease_.in_doubt = true;  // tracking's OFF may have failed
        nothing_due();
    } else {
        go_on();
    }
}

// Of its connection, in whatever state that is.
void RedisSession::let_go() {
    if (server_ == nullptr) return;
    RedisServer& left = server();
    const bool done = due_ == 0 && !lease_.multi;
    trace_ended(lease_.held ? server_ : nullptr, done ? std::string_view() : "abandoned");
    server_ = nullptr;
    abandon_transaction();
    const bool whole = long_ != Long::streams;
    if (lease_.held && due_ == 0 && whole && !lease_.stateful()) {
        left.release(lease_.in_doubt);
    } else {
        left.abandon(*this, whole && !lease_.blocking && !lease_.monitor);
    }
    lease_ = {.kept = lease_.kept};
}

}  // namespace weir::proxy
