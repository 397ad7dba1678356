// What the pools of one template on one loop share: their settings, whom they talk to, and the
// lists ordered by time that a tick looks at the heads of. Owned by TemplatePools; its loop's
// thread.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "base/intrusive_list.h"
#include "pool/blame.h"
#include "pool/gate.h"
#include "pool/host.h"
#include "pool/leak_watch.h"
#include "pool/server.h"
#include "pool/time_limits.h"
#include "pool/waiter.h"
#include "settings/settings.h"
#include "telemetry/registry.h"

namespace weir::pool {

struct StalledTag;  // pools whose waiters can't be dialed for just now
struct BlockedTag;  // pools whose waiting was spent on somebody, not yet told to the last
struct ThinTag;     // pools with fewer idle connections than min_idle

struct Scope {
    settings::Pool settings;  // changed by a reload, between two events
    std::string engine;
    Gate& gate;
    Host& host;
    Port& port;
    telemetry::Registry& registry;
    std::shared_ptr<telemetry::PoolProbe> probe;
    AccountGroup& group;
    std::shared_ptr<Mailbox> mailbox;
    std::uint64_t random = 0;  // state of the jitter's generator
    bool draining = false;
    std::shared_ptr<telemetry::TenantDesk> desk{};

    TimeLimits limits{settings};
    LeakWatch leaks{settings};
    base::List<Waiter, DeadlineTag> waiters{};
    base::List<Server, HeldTag> held{};
    base::List<Pool, StalledTag> stalled{};
    base::List<Pool, ThinTag> thin{};
    base::List<Pool, BlockedTag> blocked{};
    Blame blame{};
    // When a connection may have been idle, or have lived, for long enough. Looked at when due and
    // put off again if it was used meanwhile, so that use costs nothing here.
    std::set<std::pair<Instant, Server*>> agenda{};
};

}  // namespace weir::pool
