// Who holds an upstream's connections longest, over all loops and templates: each loop tells its
// own at its ticks, but only while somebody waits for a token, so that it costs nothing else. Any
// thread; read for the log, where tenants may be told of each other.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "proxy/inspection.h"

namespace weir::proxy {

class HolderBoard {
  public:
    // Which template's pools, on which loop.
    struct Place {
        unsigned loop = 0, template_index = 0;
        auto operator<=>(const Place&) const = default;
    };

    // Somebody waits for a token.
    void ask(base::Instant now) { asked_at_.store(now.time_since_epoch().count()); }
    // Whether that was a moment ago.
    [[nodiscard]] bool asked(base::Instant now) const;
    // `since`: when the checkout began.
    void tell(Place place, LeakStatus holder, base::Instant since, base::Instant now);
    void tell_none(Place place);
    // Of those told a moment ago; held_seconds is as of `now`.
    [[nodiscard]] std::optional<LeakStatus> longest(base::Instant now) const;

  private:
    struct Entry {
        LeakStatus holder;
        base::Instant since{}, told{};
    };
    std::atomic<base::Instant::rep> asked_at_{-1};  // -1: never
    mutable std::mutex mutex_;
    std::map<Place, Entry> entries_;
};

}  // namespace weir::proxy
