// How a MySQL session ends or goes on elsewhere: its server connection lost, its client gone, an
// operator or a limit against it, and what its client is told.
#include <utility>

#include "proxy/mysql_errors.h"
#include "proxy/mysql_server.h"
#include "proxy/mysql_session.h"
#include "proxy/pool_loop.h"

namespace weir::proxy {

namespace my = wire::mysql;
using telemetry::ClientClose;

void MysqlSession::server_lost(std::string_view last_words) {
    server_ = nullptr;
    trace_ended(nullptr, "server_lost");
    abandon_transaction();
    if (!last_words.empty() && replying_ && !answered_) {
        built_.assign(last_words);
        my::set_sequence(built_.data(), static_cast<std::uint8_t>(turn_.sequence + 1U));
        reply(std::string_view(built_));
        leave(ClientClose::upstream_lost);
        return;
    }
    farewell(proxy::server_lost(tenant_.pool->settings().upstream, {}), ClientClose::upstream_lost);
}

void MysqlSession::retry(const std::string& request) {
    server_ = nullptr;
    if (++retries_ > retry_limit) {
        server_lost({});
        return;
    }
    quiet_ = replying_ = settling_ = awaiting_ = in_transaction_ = false;
    effects_ = 0;
    if (trace_ != nullptr) trace_->nothing_outstanding();
    // The command starts anew on another connection, as if it had just come.
    pending_.insert(0, request);
    if (!request.empty()) retried_ = true;
    turn_.judged = false;
    home_.loop().defer(*this);
}

void MysqlSession::end_of_input() { leave(ClientClose::client); }

void MysqlSession::closed(int /*error*/) {
    stream_ = nullptr;
    leave(ClientClose::client);
}

void MysqlSession::dismiss(ClientClose reason) {
    switch (reason) {
        case ClientClose::timeout:
            farewell({"57P05", "terminating connection due to client_idle_timeout", {}}, reason);
            return;
        case ClientClose::drain:
            farewell(home_.served(tenant_) ? proxy::draining()
                                           : pool_removed(tenant_.pool->settings().name),
                     reason);
            return;
        default:
            farewell({"57P01", "terminating connection due to administrator command", {}}, reason);
    }
}

void MysqlSession::drain() {
    draining_ = true;
    const bool busy = replying_ || settling_ || awaiting_ || waiting() || refusal_.has_value() ||
                      flow_ != Flow::commands;
    if (busy || (server_ != nullptr && server().in_transaction())) return;
    dismiss(ClientClose::drain);
}

void MysqlSession::reclaimed(ClientClose reason, const std::string& sqlstate,
                             const std::string& message) {
    if (server_ != nullptr && server_->holder() != this) {  // given up already
        server_ = nullptr;
        abandon_transaction();
    }
    farewell({sqlstate, message, {}}, reason);
}

void MysqlSession::cancel_requested() {
    if (server_ != nullptr) {
        if (replying_) server().request_cancel();
    } else if (waiting()) {
        tenant_.pool->cancel(*this, home_.now());
        trace_ended(nullptr, "cancelled");
        refusal_ = Answer{"57014", "Query execution was interrupted", {}};
        home_.loop().defer(*this);
    }
}

// Between commands a client expects nothing: sequence id 0 tells it that this is no reply. Within a
// reply the end says enough.
void MysqlSession::farewell(const Answer& why, ClientClose reason) {
    if (finished_) return;
    const bool asked =
        replying_ || awaiting_ || waiting() || refusal_.has_value() || flow_ != Flow::commands;
    if (stream_ != nullptr && !(replying_ && answered_)) {
        built_.clear();
        auto sequence = asked ? static_cast<std::uint8_t>(turn_.sequence + 1U) : std::uint8_t{0};
        append_mysql_error(built_, sequence, why);
        reply(std::string_view(built_));
    }
    leave(reason);
}

void MysqlSession::leave(ClientClose reason) {
    if (finished_) return;
    tenant_.pool->cancel(*this, home_.now());
    if (server_ != nullptr) {
        trace_ended(server_, in_transaction_ ? base::word(reason) : std::string_view());
        abandon_transaction();
        const bool whole = flow_ != Flow::long_command && flow_ != Flow::file;
        const bool dirty = !owns_connection() && (keeps_connection() || state_left());
        let_go().abandon(whole, dirty);
    }
    trace_ended(nullptr, base::word(reason));  // of one that waited, or was taken back
    forget_memory();
    if (stream_ != nullptr) {
        stream_->close_after_flush();
        stream_ = nullptr;
    }
    finish(reason);
}

}  // namespace weir::proxy
