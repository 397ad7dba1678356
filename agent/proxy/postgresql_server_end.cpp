// How a PostgreSQL connection ends against its will: lost, given up, out of step, or taken back
// from whoever holds it; and what of its last request may be sent again elsewhere.
#include <cerrno>

#include "base/log.h"
#include "proxy/pool_loop.h"
#include "proxy/postgresql_server.h"
#include "proxy/postgresql_session.h"
#include "wire/postgresql/messages.h"

namespace weir::proxy {

namespace pg = wire::postgresql;
using pool::ReapReason;

bool PostgresqlServer::request_untouched(int error) const {
    if (answered_ || !request_whole_ || request_.empty()) return false;
    // Reset behind its last words: our last bytes were never read, which are all of the request if
    // nothing was sent before them.
    if (!fatal_.empty()) {
        return error == ECONNRESET && sends_ == 1 && tracker_.ready_due() == 1;
    }
    // Without a word before it a reset proves nothing: the server may have read and run the request
    // while its kernel still delayed the acknowledgement, which a reset then does not carry.
    if (error == ECONNRESET) return false;
    const auto acknowledged =
        stream_ == nullptr ? acknowledged_at_loss_ : stream_->acknowledged_bytes();
    // A broken pipe speaks of the last send only: there must have been no other.
    if (!acknowledged || !acknowledged_at_open_) return error == EPIPE && sends_ == 1;
    return *acknowledged - *acknowledged_at_open_ == sent_before_use_;
}

void PostgresqlServer::lost(int error, bool /*ended_cleanly*/) {
    if (holder_ != nullptr) set_left_by(holder_->span());
    PostgresqlSession* const holder = std::exchange(holder_, nullptr);
    // Of a client's request nothing is sent before its settings are there.
    const bool untouched = synchronizing() || request_untouched(error);
    if (synchronizing()) (void)end_synchronization();
    chore_ = Chore::none;
    const std::string request = untouched ? request_ : std::string();
    pool()->server_lost(*this, home_.now());
    if (holder == nullptr) return;
    if (untouched) {
        undo_changes(*holder);
        holder->retry(request);
    } else {
        holder->server_lost(fatal_);
    }
}

void PostgresqlServer::give_up(ReapReason reason) {
    if (holder_ != nullptr) set_left_by(holder_->span());
    holder_ = nullptr;
    if (synchronizing()) (void)end_synchronization();
    chore_ = Chore::none;
    pool()->discard(*this, reason, home_.now());
}

void PostgresqlServer::desync() {
    base::log::error("connection.desync", {{"server", home_.name_of(id())},
                                           {"pool", tenant_.pool->settings().name},
                                           {"tenant", tenant_.match.tenant}});
    tenant_.pool->probe().desynced();
    PostgresqlSession* const holder = holder_;
    give_up(ReapReason::desync);
    if (holder != nullptr) holder->server_lost({});
}

void PostgresqlServer::reclaim(bool keep_connection, telemetry::ClientClose reason,
                               const std::string& sqlstate, const std::string& message) {
    if (holder_ != nullptr) {
        PostgresqlSession& session = *holder_;
        if (!keep_connection) give_up(ReapReason::leak);
        session.reclaimed(reason, sqlstate, message);
    } else if (state() != pool::ServerState::closing) {
        give_up(ReapReason::leak);
    }
}

}  // namespace weir::proxy
