#include "collectors/prometheus/openmetrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace weir::collectors {
namespace {

using namespace std::chrono_literals;
using ::prometheus::ClientMetric;
using ::prometheus::MetricFamily;
using ::prometheus::MetricType;

ClientMetric sample(std::vector<ClientMetric::Label> labels) {
    ClientMetric metric;
    metric.label = std::move(labels);
    return metric;
}

MetricFamily counter(const std::string& name, double value) {
    MetricFamily family{name, "Help.", MetricType::Counter, {sample({{"pool", "a"}})}};
    family.metric[0].counter.value = value;
    return family;
}

MetricFamily waits() {
    MetricFamily family{"weir_wait_seconds",
                        "Help.",
                        MetricType::Histogram,
                        {sample({{"pool", "a"}, {"outcome", "ok"}})}};
    auto& histogram = family.metric[0].histogram;
    histogram.bucket = {{1, 0.0001}, {3, 30}};
    histogram.sample_count = 4;
    histogram.sample_sum = 61.25;
    return family;
}

TEST(OpenmetricsTest, counter_s_family_is_named_without_its_suffix_and_with_its_unit) {
    EXPECT_EQ(openmetrics_text({counter("weir_blocked_seconds_total", 1.5)}, {}),
              "# TYPE weir_blocked_seconds counter\n"
              "# UNIT weir_blocked_seconds seconds\n"
              "# HELP weir_blocked_seconds Help.\n"
              "weir_blocked_seconds_total{pool=\"a\"} 1.5\n"
              "# EOF\n");
}

TEST(OpenmetricsTest, counter_without_the_suffix_is_of_no_known_type) {
    EXPECT_EQ(openmetrics_text({counter("process_things", 1)}, {}),
              "# TYPE process_things unknown\n# HELP process_things Help.\n"
              "process_things{pool=\"a\"} 1\n# EOF\n");
}

TEST(OpenmetricsTest, family_without_samples_has_its_head_and_a_gauge_may_have_no_labels) {
    MetricFamily gauge{"weir_up", "Help.", MetricType::Gauge, {sample({})}};
    gauge.metric[0].gauge.value = std::numeric_limits<double>::infinity();
    EXPECT_EQ(openmetrics_text({{"weir_none", "Help.", MetricType::Gauge, {}}, gauge}, {}),
              "# TYPE weir_none gauge\n# HELP weir_none Help.\n"
              "# TYPE weir_up gauge\n# HELP weir_up Help.\nweir_up +Inf\n# EOF\n");
}

TEST(OpenmetricsTest, labels_and_help_are_escaped) {
    const MetricFamily family{
        "weir_up", "a \"b\"\n\\", MetricType::Gauge, {sample({{"pool", "q\"\\\n"}})}};
    EXPECT_EQ(openmetrics_text({family}, {}),
              "# TYPE weir_up gauge\n# HELP weir_up a \\\"b\\\"\\n\\\\\n"
              "weir_up{pool=\"q\\\"\\\\\\n\"} 0\n# EOF\n");
}

TEST(OpenmetricsTest, exemplars_stand_behind_their_buckets) {
    Exemplars exemplars;
    exemplars[{"weir_wait_seconds", {"a", "ok"}}] = {
        telemetry::Exemplar{{0x0af7651916cd43dd, 0x8448eb211c80319c},
                            0xb7ad6b7169203331,
                            50us,
                            1'700'000'000'250'000'000},
        std::nullopt, telemetry::Exemplar{{1, 2}, 3, 31'250ms, 1'700'000'001'000'000'000}};
    EXPECT_EQ(openmetrics_text({waits()}, exemplars),
              "# TYPE weir_wait_seconds histogram\n"
              "# UNIT weir_wait_seconds seconds\n"
              "# HELP weir_wait_seconds Help.\n"
              "weir_wait_seconds_bucket{pool=\"a\",outcome=\"ok\",le=\"0.0001\"} 1 # "
              "{trace_id=\"0af7651916cd43dd8448eb211c80319c\",span_id=\"b7ad6b7169203331\"} 5e-05 "
              "1700000000.250\n"
              "weir_wait_seconds_bucket{pool=\"a\",outcome=\"ok\",le=\"30\"} 3\n"
              "weir_wait_seconds_bucket{pool=\"a\",outcome=\"ok\",le=\"+Inf\"} 4 # "
              "{trace_id=\"00000000000000010000000000000002\",span_id=\"0000000000000003\"} 31.25 "
              "1700000001.000\n"
              "weir_wait_seconds_count{pool=\"a\",outcome=\"ok\"} 4\n"
              "weir_wait_seconds_sum{pool=\"a\",outcome=\"ok\"} 61.25\n"
              "# EOF\n");
}

TEST(OpenmetricsTest, exemplars_of_another_sample_are_not_its_own) {
    Exemplars exemplars;
    exemplars[{"weir_wait_seconds", {"b", "ok"}}] = {telemetry::Exemplar{{1, 2}, 3, 0s, 0}, {}, {}};
    EXPECT_THAT(openmetrics_text({waits()}, exemplars),
                ::testing::Not(::testing::HasSubstr(" # ")));
}

}  // namespace
}  // namespace weir::collectors
