#include "collectors/prometheus/openmetrics.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <iterator>

namespace weir::collectors {
namespace {

using ::prometheus::ClientMetric;
using ::prometheus::MetricFamily;
using ::prometheus::MetricType;

constexpr std::string_view total = "_total";
constexpr std::array<std::string_view, 2> units{"seconds", "bytes"};

// A counter's family is named without the suffix that its samples have.
std::string_view family_name(const MetricFamily& family) {
    std::string_view name = family.name;
    if (family.type == MetricType::Counter && name.ends_with(total)) {
        name.remove_suffix(total.size());
    }
    return name;
}

// A counter whose samples lack the suffix can't be one here.
std::string_view type_word(const MetricFamily& family) {
    switch (family.type) {
        case MetricType::Counter:
            return family.name.ends_with(total) ? "counter" : "unknown";
        case MetricType::Histogram:
            return "histogram";
        case MetricType::Gauge:
            return "gauge";
        default:
            return "unknown";
    }
}

class Writer {
  public:
    explicit Writer(const Exemplars& exemplars) : exemplars_(exemplars) {}

    void family(const MetricFamily& family) {
        const std::string_view name = family_name(family);
        put("# TYPE {} {}\n", name, type_word(family));
        for (const std::string_view unit : units) {
            if (name.ends_with(unit) && name.size() > unit.size() &&
                name[name.size() - unit.size() - 1] == '_') {
                put("# UNIT {} {}\n", name, unit);
            }
        }
        put("# HELP {} ", name);
        escaped(family.help);
        text_ += '\n';
        for (const ClientMetric& sample : family.metric) {
            if (family.type == MetricType::Histogram) {
                histogram(family, sample);
            } else {
                const bool counter = family.type == MetricType::Counter;
                series(family.name, "", sample);
                value(counter ? sample.counter.value : sample.gauge.value);
                text_ += '\n';
            }
        }
    }
    [[nodiscard]] std::string take() {
        text_ += "# EOF\n";
        return std::move(text_);
    }

  private:
    template <class... Args>
    void put(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    }
    void escaped(std::string_view words) {
        for (const char c : words) {
            if (c == '\n') {
                text_ += "\\n";
                continue;
            }
            if (c == '\\' || c == '"') text_ += '\\';
            text_ += c;
        }
    }
    void value(double number) {
        if (std::isnan(number)) {
            text_ += "NaN";
        } else if (std::isinf(number)) {
            text_ += number < 0 ? "-Inf" : "+Inf";
        } else {
            put("{}", number);
        }
    }
    // The name, the labels (and `le` when it is not empty) and a space.
    void series(std::string_view name, std::string_view suffix, const ClientMetric& sample,
                std::string_view le = {}) {
        put("{}{}", name, suffix);
        char before = '{';
        for (const auto& label : sample.label) {
            put("{}{}=\"", before, label.name);
            escaped(label.value);
            text_ += '"';
            before = ',';
        }
        if (!le.empty()) {
            put("{}le=\"{}\"", before, le);
            before = ',';
        }
        text_ += before == ',' ? "} " : " ";
    }
    void histogram(const MetricFamily& family, const ClientMetric& sample) {
        const ClientMetric::Histogram& read = sample.histogram;
        const BucketExemplars* kept = exemplars_of(family, sample);
        for (std::size_t i = 0; i < read.bucket.size(); ++i) {
            const auto& bucket = read.bucket[i];
            series(family.name, "_bucket", sample, fmt::format("{}", bucket.upper_bound));
            put("{}", bucket.cumulative_count);
            exemplar(kept, i);
        }
        series(family.name, "_bucket", sample, "+Inf");
        put("{}", read.sample_count);
        exemplar(kept, read.bucket.size());
        series(family.name, "_count", sample);
        put("{}\n", read.sample_count);
        series(family.name, "_sum", sample);
        value(read.sample_sum);
        text_ += '\n';
    }
    const BucketExemplars* exemplars_of(const MetricFamily& family, const ClientMetric& sample) {
        if (exemplars_.empty()) return nullptr;
        std::vector<std::string> labels;
        for (const auto& label : sample.label) labels.push_back(label.value);
        const auto found = exemplars_.find({family.name, std::move(labels)});
        return found == exemplars_.end() ? nullptr : &found->second;
    }
    void exemplar(const BucketExemplars* kept, std::size_t bucket) {
        if (kept != nullptr && (*kept)[bucket]) {
            const telemetry::Exemplar& one = *(*kept)[bucket];
            // Divided, as the bounds are: it stays within its bucket.
            put(" # {{trace_id=\"{:016x}{:016x}\",span_id=\"{:016x}\"}} {} {:.3f}", one.trace.high,
                one.trace.low, one.span, static_cast<double>(one.value.count()) / 1e9,
                static_cast<double>(one.unix_ns) / 1e9);
        }
        text_ += '\n';
    }

    const Exemplars& exemplars_;
    std::string text_;
};

}  // namespace

std::string openmetrics_text(const std::vector<MetricFamily>& families,
                             const Exemplars& exemplars) {
    Writer writer(exemplars);
    for (const MetricFamily& family : families) writer.family(family);
    return writer.take();
}

}  // namespace weir::collectors
