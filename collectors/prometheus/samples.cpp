#include "collectors/prometheus/samples.h"

#include <cassert>

namespace weir::collectors {

Samples::Samples(const catalogue::Metric& metric) : metric_(metric) {
    family_.name = metric.name;
    family_.help = metric.help;
    family_.type = metric.type;
}

::prometheus::ClientMetric& Samples::add_sample(const LabelValues& labels) {
    assert(labels.size() == metric_.label_count());
    ::prometheus::ClientMetric& sample = family_.metric.emplace_back();
    sample.label.reserve(labels.size());
    for (std::size_t i = 0; i < labels.size(); ++i) {
        sample.label.push_back({std::string(metric_.labels[i]), std::string(labels[i])});
    }
    return sample;
}

void Samples::add_value(const LabelValues& labels, double value) {
    assert(metric_.type != catalogue::histogram);
    ::prometheus::ClientMetric& sample = add_sample(labels);
    if (metric_.type == catalogue::counter) {
        sample.counter.value = value;
    } else {
        sample.gauge.value = value;
    }
}

void Samples::add_histogram(const LabelValues& labels, std::span<const std::uint64_t> counts,
                            std::span<const std::int64_t> bounds, std::uint64_t sum_nanoseconds) {
    assert(metric_.type == catalogue::histogram && counts.size() == bounds.size() + 1);
    ::prometheus::ClientMetric::Histogram& histogram = add_sample(labels).histogram;
    histogram.bucket.reserve(bounds.size());
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        cumulative += counts[i];
        // Divided, not multiplied: 0.0025 shall be printed as 0.0025.
        histogram.bucket.push_back({cumulative, static_cast<double>(bounds[i]) / 1e9});
    }
    histogram.sample_count = cumulative + counts.back();
    histogram.sample_sum = seconds(sum_nanoseconds);
}

}  // namespace weir::collectors
