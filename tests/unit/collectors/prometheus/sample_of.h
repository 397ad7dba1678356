// Looks a sample up among collected families, by all of its labels.
#pragma once

#include <prometheus/metric_family.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weir::collectors {

using Labels = std::map<std::string, std::string>;

inline const ::prometheus::ClientMetric* find_sample(
    const std::vector<::prometheus::MetricFamily>& families, const std::string& name,
    const Labels& labels) {
    for (const auto& family : families) {
        if (family.name != name) continue;
        for (const auto& sample : family.metric) {
            Labels own;
            for (const auto& label : sample.label) own[label.name] = label.value;
            if (own == labels) return &sample;
        }
    }
    return nullptr;
}

inline std::optional<double> sample_of(const std::vector<::prometheus::MetricFamily>& families,
                                       const std::string& name, const Labels& labels) {
    const auto* sample = find_sample(families, name, labels);
    if (sample == nullptr) return std::nullopt;
    return sample->counter.value + sample->gauge.value;  // only one of them is ever set
}

}  // namespace weir::collectors
