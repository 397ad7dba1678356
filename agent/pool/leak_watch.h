// Watches held connections on which no query runs: in a transaction, or pinned without the client
// having asked for something that is meant to be quiet. One for each (template, loop); ordered by
// since, so that a tick looks at the head alone. A leak is suspected once a checkout.
#pragma once

#include "base/intrusive_list.h"
#include "pool/server.h"
#include "settings/settings.h"

namespace weir::pool {

class LeakWatch {
  public:
    explicit LeakWatch(const settings::Pool& settings);

    void quiet(Server& server);  // or changed in what it is pinned by while quiet
    void busy(Server& server);   // or no longer held
    // The threshold is another: a new one holds for silences from now on.
    void reconfigure(const settings::Pool& settings);
    // A connection quiet for leak_after, marked as suspected and no longer watched; else nullptr.
    [[nodiscard]] Server* next_suspect(Instant now);

  private:
    [[nodiscard]] bool watches(const Server& server) const;

    Duration leak_after_;  // 0: off
    base::List<Server, LeakTag> quiet_;
};

}  // namespace weir::pool
