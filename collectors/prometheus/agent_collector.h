// The agent's build and the state of its configuration; any thread.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

#include "collectors/prometheus/agent_facts.h"

namespace weir::collectors {

class AgentCollector final : public ::prometheus::Collectable {
  public:
    explicit AgentCollector(const AgentFacts& facts) : facts_(facts) {}
    [[nodiscard]] std::vector<::prometheus::MetricFamily> Collect() const override;

  private:
    const AgentFacts& facts_;
};

}  // namespace weir::collectors
