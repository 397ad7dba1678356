#include "collectors/prometheus/server_collector.h"

#include <gtest/gtest.h>

#include "collectors/prometheus/sample_of.h"

namespace weir::collectors {
namespace {

using namespace std::chrono_literals;

const Labels primary{{"upstream", "primary"}};

Labels owned_by(const char* owner) { return {{"upstream", "primary"}, {"owner", owner}}; }

telemetry::ServerReading reading_of_a_mysql() {
    telemetry::ServerReading reading;
    reading.max_connections = 151;
    reading.reserved = 0;
    reading.connections = 30;
    reading.of_this_agent = 12;
    reading.aborted_connects = 5;
    reading.rejected_connections = 2;
    reading.max_used_connections = 44;
    return reading;
}

TEST(ServerCollector, connections_are_told_by_their_owner) {
    telemetry::Registry registry;
    registry.server("primary")->answered(reading_of_a_mysql(), 3ms);
    const auto families = ServerCollector(registry).Collect();
    EXPECT_EQ(sample_of(families, "weir_server_max_connections", primary), 151);
    EXPECT_EQ(sample_of(families, "weir_server_connections", owned_by("this_agent")), 12);
    EXPECT_EQ(sample_of(families, "weir_server_connections", owned_by("others")), 18);
    EXPECT_EQ(sample_of(families, "weir_server_connections", owned_by("reserved")), 0);
    EXPECT_EQ(sample_of(families, "weir_server_poll_up", primary), 1);
    EXPECT_EQ(sample_of(families, "weir_server_poll_seconds", primary), 0.003);
    EXPECT_EQ(sample_of(families, "weir_server_aborted_connects_total", primary), 5);
    EXPECT_EQ(sample_of(families, "weir_server_rejected_connections_total", primary), 2);
    EXPECT_EQ(sample_of(families, "weir_server_max_used_connections", primary), 44);
}

TEST(ServerCollector, what_a_server_does_not_say_has_no_sample) {
    telemetry::Registry registry;
    registry.server("primary")->answered(reading_of_a_mysql(), 3ms);
    const auto families = ServerCollector(registry).Collect();
    EXPECT_EQ(sample_of(families, "weir_server_blocked_clients", primary), std::nullopt);
}

TEST(ServerCollector, a_failed_poll_keeps_the_reading_until_it_is_outdated) {
    telemetry::Registry registry;
    const auto probe = registry.server("primary");
    probe->answered(reading_of_a_mysql(), 3ms);
    probe->failed(5s);
    const auto failed = ServerCollector(registry).Collect();
    EXPECT_EQ(sample_of(failed, "weir_server_poll_up", primary), 0);
    EXPECT_EQ(sample_of(failed, "weir_server_poll_seconds", primary), 5);
    EXPECT_EQ(sample_of(failed, "weir_server_max_connections", primary), 151);
    probe->outdated();
    const auto outdated = ServerCollector(registry).Collect();
    EXPECT_EQ(sample_of(outdated, "weir_server_poll_up", primary), 0);
    EXPECT_EQ(sample_of(outdated, "weir_server_max_connections", primary), std::nullopt);
    EXPECT_EQ(sample_of(outdated, "weir_server_connections", owned_by("others")), std::nullopt);
}

TEST(ServerCollector, one_that_was_not_asked_yet_or_is_forgotten_has_no_samples) {
    telemetry::Registry registry;
    const auto probe = registry.server("primary");
    const auto unasked = ServerCollector(registry).Collect();
    EXPECT_EQ(sample_of(unasked, "weir_server_poll_up", primary), std::nullopt);
    probe->answered(reading_of_a_mysql(), 3ms);
    registry.forget_server("primary");
    const auto forgotten = ServerCollector(registry).Collect();
    EXPECT_EQ(sample_of(forgotten, "weir_server_poll_up", primary), std::nullopt);
}

}  // namespace
}  // namespace weir::collectors
