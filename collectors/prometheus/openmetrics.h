// OpenMetrics 1.0 text, with exemplars: the one format that can carry them, which prometheus-cpp
// does not write. (OpenMetrics specification, "Text format".)
#pragma once

#include <prometheus/metric_family.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "telemetry/exemplars.h"

namespace weir::collectors {

// Of one histogram: for each of its buckets, +Inf the last.
using BucketExemplars = std::vector<std::optional<telemetry::Exemplar>>;

// By the metric's name and the values of the sample's labels, in their order.
using Exemplars = std::map<std::pair<std::string_view, std::vector<std::string>>, BucketExemplars>;

// Every family with TYPE and HELP, and with UNIT where its name ends in one; `# EOF` last. The
// values of `le` are those of the older text format, so that a series keeps its name whichever of
// the two a scraper asks for.
[[nodiscard]] std::string openmetrics_text(const std::vector<::prometheus::MetricFamily>& families,
                                           const Exemplars& exemplars);

}  // namespace weir::collectors
