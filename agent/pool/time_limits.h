// The configured limits of a held connection: query_timeout, transaction_timeout and
// idle_in_transaction_timeout. One for each (template, loop); a list a limit, ordered by since, and
// kept only where the limit is set (idle in a transaction always: its oldest is a metric).
#pragma once

#include <optional>

#include "base/intrusive_list.h"
#include "pool/host.h"
#include "pool/server.h"
#include "settings/settings.h"

namespace weir::pool {

class TimeLimits {
  public:
    explicit TimeLimits(const settings::Pool& settings);

    void began(Server& server, Instant now);  // held, and a query runs
    void quiet(Server& server);
    void busy(Server& server, Instant now);
    void ended(Server& server);  // no longer held

    struct Expired {
        Server* server;
        Deadline deadline;
    };
    // One that has passed a limit, once a checkout.
    [[nodiscard]] std::optional<Expired> next_expired(Instant now);
    // The limits are others: a new one holds for what begins from now on.
    void reconfigure(const settings::Pool& settings);
    [[nodiscard]] Duration oldest_idle_in_transaction(Instant now) const;

  private:
    void transaction_began(Server& server, Instant now);

    Duration query_, transaction_, idle_in_transaction_;  // 0: off
    base::List<Server, BusyTag> busy_;
    base::List<Server, TransactionTag> transactions_;
    base::List<Server, QuietTag> quiet_;
};

}  // namespace weir::pool
