// What scrapes tell of the agent that no probe counts: what was built, and how reading the
// configuration went. Implemented by whoever runs the agent; called on any thread, at each scrape.
#pragma once

#include <cstdint>
#include <string>

namespace weir::collectors {

struct BuildFacts {
    std::string version, revision, compiler;
};

struct ConfigFacts {
    bool last_reload_successful = true;                // the first reading counts as one
    double last_success = 0;                           // seconds since 1970
    std::uint64_t reloads_ok = 0, reloads_failed = 0;  // since the start, without the first reading
};

class AgentFacts {
  public:
    virtual ~AgentFacts() = default;
    [[nodiscard]] virtual BuildFacts build() const = 0;
    [[nodiscard]] virtual ConfigFacts config() const = 0;
};

}  // namespace weir::collectors
