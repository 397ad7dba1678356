// What a database server said of itself when it was last asked. Written by the thread that asks,
// every few seconds; read by scrapes. A mutex is right here: nothing of it is on a query's way, and
// a scrape shows the numbers of one moment.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "base/clock.h"

namespace weir::telemetry {

// Empty: this engine, or this version of it, does not say.
struct ServerReading {
    using Count = std::optional<std::uint64_t>;
    Count max_connections;
    Count reserved;                   // of max_connections: not for everybody
    Count connections;                // of anybody
    std::uint64_t of_this_agent = 0;  // of `connections`
    Count aborted_connects;           // since the server's start, as is the next
    Count rejected_connections;
    Count max_used_connections;
    Count blocked_clients;
};

class ServerProbe {
  public:
    struct Seen {
        bool polled = false;  // at least once
        bool up = false;      // the last poll was answered
        base::Duration took{};
        ServerReading reading;  // of the last that was
    };

    void answered(const ServerReading& reading, base::Duration took) {
        const std::scoped_lock lock(mutex_);
        seen_ = {true, true, took, reading};
    }
    // The reading stays for what it may still be worth, until outdated().
    void failed(base::Duration took) {
        const std::scoped_lock lock(mutex_);
        seen_.polled = true;
        seen_.up = false;
        seen_.took = took;
    }
    void outdated() {
        const std::scoped_lock lock(mutex_);
        seen_.reading = {};
    }
    [[nodiscard]] Seen seen() const {
        const std::scoped_lock lock(mutex_);
        return seen_;
    }

  private:
    mutable std::mutex mutex_;  // guards seen_
    Seen seen_;
};

}  // namespace weir::telemetry
