// How a Redis client goes: of itself, because it must, or because its server connection has gone.
#include <utility>

#include "proxy/pool_loop.h"
#include "proxy/redis_errors.h"
#include "proxy/redis_server.h"
#include "proxy/redis_session.h"

namespace weir::proxy {

using telemetry::ClientClose;

void RedisSession::server_lost(const std::string& error, bool torn) {
    server_ = nullptr;
    server_paused_ = false;
    trace_ended(nullptr, "server_lost");
    abandon_transaction();
    const bool stateful = lease_.stateful() || long_ != Long::none;
    for (; due_ > 0 && !torn; --due_) {
        if (!silent_) say(error);
    }
    lease_ = {.kept = lease_.kept};
    if (torn || stateful) {
        leave(ClientClose::upstream_lost);
        return;
    }
    resume_client(server_full_);
    go_on();
}

void RedisSession::end_of_input() {
    const bool waits_for_others = lease_.blocking || lease_.relayed || waiting();
    const bool half_asked = long_ != Long::none;  // the rest will never come
    if ((due_ > 0 || stuck_) && !waits_for_others && !half_asked) {
        leaving_ = true;  // what it asked for is answered still
        if (due_ == 0) go_on();
    } else {
        leave(ClientClose::client);
    }
}

void RedisSession::closed(int /*error*/) {
    stream_ = nullptr;
    leave(ClientClose::client);
}

void RedisSession::dismiss(ClientClose reason) {
    const bool told = due_ == 0;  // between replies; within one the end says enough
    std::string error;
    if (told && reason == ClientClose::drain) {
        error = redis_error(home_.served(tenant_) ? draining()
                                                  : pool_removed(tenant_.pool->settings().name));
    }
    if (told && reason == ClientClose::timeout) {
        error = redis_error("ERR closed after client_idle_timeout");
    }
    if (told && error.empty()) error = redis_error("ERR closed by an operator");
    farewell(error, reason);
}

void RedisSession::drain() {
    draining_ = true;
    if (due_ > 0 || waiting() || lease_.multi || lease_.watch || long_ != Long::none) return;
    dismiss(ClientClose::drain);
}

void RedisSession::reclaimed(ClientClose reason, const std::string& /*sqlstate*/,
                             const std::string& message) {
    server_ = nullptr;
    abandon_transaction();
    lease_ = {};
    farewell(redis_error("ERR " + message), reason);
}

void RedisSession::farewell(const std::string& error, ClientClose reason) {
    if (finished_) return;
    if (stream_ != nullptr && !error.empty()) say(error);
    leave(reason);
}

void RedisSession::leave(ClientClose reason) {
    if (finished_) return;
    tenant_.pool->cancel(*this, home_.now());
    let_go();
    trace_ended(nullptr, base::word(reason));  // of one that waited, or was taken back
    if (stream_ != nullptr) {
        stream_->close_after_flush();
        stream_ = nullptr;
    }
    finish(reason);
}

}  // namespace weir::proxy
