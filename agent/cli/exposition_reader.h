// Prometheus' text format as the commands read it: one call a sample, comments and what is no
// sample left out. Pure.
#pragma once

#include <functional>
#include <string_view>

namespace weir::cli {

// Valid during the call.
struct Sample {
    std::string_view name, labels;  // labels without their braces
    double value = 0;
    [[nodiscard]] bool has(std::string_view label, std::string_view word) const;
};

void for_each_sample(std::string_view metrics, const std::function<void(const Sample&)>& visit);

}  // namespace weir::cli
