#include "collectors/prometheus/client_collector.h"

#include <gtest/gtest.h>

#include "collectors/prometheus/filled_registry.h"
#include "collectors/prometheus/sample_of.h"

namespace weir::collectors {
namespace {

TEST(ClientCollector, clients_that_moved_between_loops_are_counted_once) {
    telemetry::Registry registry;
    const telemetry::ListenerLabels labels{"front", "postgresql", 500};
    auto lobby = registry.session(labels, 0);
    auto home = registry.session(labels, 1);
    lobby->opened();
    lobby->entered(telemetry::ClientState::login);
    lobby->left(telemetry::ClientState::login);
    home->entered(telemetry::ClientState::idle);

    const auto families = ClientCollector(registry).Collect();
    const auto now = [&](const char* state) {
        return sample_of(families, "weir_client_connections",
                         {{"listener", "front"}, {"engine", "postgresql"}, {"state", state}});
    };
    EXPECT_EQ(now("login"), 0);
    EXPECT_EQ(now("idle"), 1);
    const Labels front{{"listener", "front"}, {"engine", "postgresql"}};
    EXPECT_EQ(sample_of(families, "weir_client_connections_opened_total", front), 1);
    EXPECT_EQ(sample_of(families, "weir_client_connections_max", front), 500);
}

TEST(ClientCollector, closes_and_refused_logins_are_told_by_reason) {
    telemetry::Registry registry;
    auto session = registry.session({"front", "postgresql", 500}, 0);
    session->entered(telemetry::ClientState::login);
    session->refused_login(telemetry::AuthFailure::password);
    session->closed(telemetry::ClientState::login, telemetry::ClientClose::login_failed);
    session->certificate_refused();

    const auto families = ClientCollector(registry).Collect();
    EXPECT_EQ(sample_of(families, "weir_client_auth_failures_total",
                        {{"listener", "front"}, {"engine", "postgresql"}, {"reason", "password"}}),
              1);
    EXPECT_EQ(
        sample_of(families, "weir_client_connections_closed_total",
                  {{"listener", "front"}, {"engine", "postgresql"}, {"reason", "login_failed"}}),
        1);
    EXPECT_EQ(sample_of(families, "weir_client_connections_closed_total",
                        {{"listener", "front"}, {"engine", "postgresql"}, {"reason", "client"}}),
              0);
    EXPECT_EQ(sample_of(families, "weir_listener_certificate_failures_total",
                        {{"listener", "front"}, {"engine", "postgresql"}}),
              1);
}

}  // namespace
}  // namespace weir::collectors
