#include "pool/time_limits.h"

namespace weir::pool {
namespace {

template <class Tag>
void leave(base::List<Server, Tag>& list, Server& server) {
    if (server.base::ListHook<Tag>::linked()) list.erase(server);
}

template <class Tag>
void clear(base::List<Server, Tag>& list) {
    while (list.pop_front() != nullptr) {
    }
}

}  // namespace

TimeLimits::TimeLimits(const settings::Pool& settings)
    : query_(settings.query_timeout),
      transaction_(settings.transaction_timeout),
      idle_in_transaction_(settings.idle_in_transaction_timeout) {}

void TimeLimits::reconfigure(const settings::Pool& settings) {
    query_ = settings.query_timeout;
    transaction_ = settings.transaction_timeout;
    idle_in_transaction_ = settings.idle_in_transaction_timeout;
    if (query_.count() == 0) clear(busy_);
    if (transaction_.count() == 0) clear(transactions_);
}

void TimeLimits::transaction_began(Server& server, Instant now) {
    server.transaction_since_ = now;
    if (transaction_.count() > 0 && !server.limit_told_) transactions_.push_back(server);
}

void TimeLimits::began(Server& server, Instant now) {
    server.busy_since_ = now;
    if (query_.count() > 0) busy_.push_back(server);
    transaction_began(server, now);
}

void TimeLimits::quiet(Server& server) {
    leave(busy_, server);
    leave(quiet_, server);
    if (server.in_transaction_) {
        quiet_.push_back(server);
    } else {
        leave(transactions_, server);
    }
}

void TimeLimits::busy(Server& server, Instant now) {
    leave(quiet_, server);
    leave(busy_, server);
    server.busy_since_ = now;
    if (query_.count() > 0 && !server.limit_told_) busy_.push_back(server);
    if (!server.in_transaction_ && !server.base::ListHook<TransactionTag>::linked()) {
        transaction_began(server, now);
    }
}

void TimeLimits::ended(Server& server) {
    leave(busy_, server);
    leave(transactions_, server);
    leave(quiet_, server);
}

std::optional<TimeLimits::Expired> TimeLimits::next_expired(Instant now) {
    const auto tell = [this](Server& server, Deadline deadline) {
        server.limit_told_ = true;
        leave(busy_, server);
        leave(transactions_, server);
        return Expired{&server, deadline};
    };
    if (Server* head = busy_.first(); head != nullptr && now - head->busy_since_ >= query_) {
        return tell(*head, Deadline::query);
    }
    if (Server* head = transactions_.first();
        head != nullptr && now - head->transaction_since_ >= transaction_) {
        return tell(*head, Deadline::transaction);
    }
    if (idle_in_transaction_.count() == 0) return std::nullopt;
    // Those already told stay in the list, oldest first, until their holder is gone.
    for (Server* server = quiet_.first(); server != nullptr; server = quiet_.next(*server)) {
        if (now - server->quiet_since_ < idle_in_transaction_) break;
        if (!server->limit_told_) return tell(*server, Deadline::idle_in_transaction);
    }
    return std::nullopt;
}

Duration TimeLimits::oldest_idle_in_transaction(Instant now) const {
    return quiet_.empty() ? Duration::zero() : now - quiet_.front().quiet_since_;
}

}  // namespace weir::pool
