// The samples of one metric while they are collected: a family of prometheus-cpp's model made from
// a line of the catalogue. Used within one scrape by one thread.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/words.h"
#include "collectors/prometheus/catalogue.h"
#include "telemetry/quantile.h"

namespace weir::collectors {

using LabelValues = std::vector<std::string_view>;

[[nodiscard]] inline double seconds(std::uint64_t nanoseconds) {
    return static_cast<double>(nanoseconds) * 1e-9;
}

class Samples {
  public:
    explicit Samples(const catalogue::Metric& metric);

    // `labels` are the values of the metric's labels, all of them, in the catalogue's order.
    template <class N>
    void add(const LabelValues& labels, N value) {
        add_value(labels, static_cast<double>(value));
    }
    template <const auto& bounds>
    void add(const LabelValues& labels, const telemetry::HistogramReading<bounds>& reading) {
        add_histogram(labels, reading.counts(), bounds, reading.sum_nanoseconds());
    }
    // One sample for each word of the closed enum E, which is the metric's last label.
    template <class E, class Value>
    void add_each(LabelValues labels, const Value& value) {
        labels.emplace_back();
        for (std::size_t i = 0; i < base::word_count<E>; ++i) {
            labels.back() = base::word(static_cast<E>(i));
            add(labels, value(static_cast<E>(i)));
        }
    }

    [[nodiscard]] ::prometheus::MetricFamily take() { return std::move(family_); }

  private:
    ::prometheus::ClientMetric& add_sample(const LabelValues& labels);
    void add_value(const LabelValues& labels, double value);
    void add_histogram(const LabelValues& labels, std::span<const std::uint64_t> counts,
                       std::span<const std::int64_t> bounds, std::uint64_t sum_nanoseconds);

    const catalogue::Metric& metric_;
    ::prometheus::MetricFamily family_;
};

}  // namespace weir::collectors
