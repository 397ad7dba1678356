// The process as the kernel sees it: CPU time, memory, descriptors, threads. Reads /proc and asks
// the kernel at each scrape; what can't be read has no sample. Any thread.
#pragma once

#include <prometheus/collectable.h>

#include <optional>
#include <vector>

namespace weir::collectors {

class ProcessCollector final : public ::prometheus::Collectable {
  public:
    ProcessCollector();
    [[nodiscard]] std::vector<::prometheus::MetricFamily> Collect() const override;

  private:
    std::optional<double> start_time_;  // seconds since 1970; it never changes
};

}  // namespace weir::collectors
