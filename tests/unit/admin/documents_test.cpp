#include "admin/documents.h"

#include <gmock/gmock.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "admin/fake_agent.h"
#include "telemetry/buckets.h"

namespace weir::admin {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsSupersetOf;
using testing::UnorderedElementsAre;

std::vector<std::string> keys(const json& object) {
    std::vector<std::string> names;
    for (const auto& [key, value] : object.items()) names.push_back(key);
    return names;
}

std::vector<std::string> tenants(const json& document) {
    std::vector<std::string> names;
    for (const auto& row : document.at("tenants")) names.push_back(row.at("tenant"));
    return names;
}

proxy::Snapshot three_tenants() {
    auto snapshot = calm_snapshot();
    for (const char* tenant : {"beta", "chi"}) {
        snapshot.pools.push_back(snapshot.pools[0]);
        snapshot.pools.back().tenant = tenant;
    }
    return snapshot;
}

TEST(Documents, pool_row_has_every_field_of_the_contract) {
    const json document = json::parse(pools_document(calm_snapshot(), {}));
    ASSERT_EQ(document.at("pools").size(), 1U);
    EXPECT_THAT(keys(document["pools"][0]), IsSupersetOf({"pool",
                                                          "engine",
                                                          "upstream",
                                                          "mode",
                                                          "tenants",
                                                          "clients",
                                                          "used",
                                                          "idle",
                                                          "waiting",
                                                          "connecting",
                                                          "checking",
                                                          "pinned",
                                                          "resetting",
                                                          "cancelling",
                                                          "closing",
                                                          "max",
                                                          "hit_rate",
                                                          "wait_p50_seconds",
                                                          "wait_p99_seconds",
                                                          "oldest_wait_seconds",
                                                          "leaks",
                                                          "paused",
                                                          "disabled",
                                                          "breaker",
                                                          "last_connect_error",
                                                          "acquires",
                                                          "timeouts",
                                                          "rejections"}));
    EXPECT_EQ(document["pools"][0]["idle"], 3);
    EXPECT_EQ(document["pools"][0]["max"], 20);
    EXPECT_EQ(document["stale_loops"], json::array());
}

TEST(Documents, upstreams_and_the_buckets_of_waits_are_told_with_the_pools) {
    auto snapshot = calm_snapshot();
    snapshot.templates[0].wait_counts.assign(telemetry::wait_bounds.size() + 1, 7);
    snapshot.upstreams[0].budget = 40;
    snapshot.upstreams[0].used = 3;
    snapshot.upstreams[0].last_error = "refused";
    for (const std::string& text : {pools_document(snapshot, {}), health_document({}, snapshot)}) {
        const json document = json::parse(text);
        const json& upstream = document.at("upstreams").at(0);
        EXPECT_EQ(upstream.at("upstream"), "main");
        EXPECT_EQ(upstream.at("budget"), 40);
        EXPECT_EQ(upstream.at("budget_used"), 3);
        EXPECT_EQ(upstream.at("last_error"), "refused");
        EXPECT_TRUE(upstream.at("up").get<bool>());
        const json& bounds = document.at("wait_bounds_seconds");
        EXPECT_DOUBLE_EQ(bounds.front(), 0.0001);
        EXPECT_DOUBLE_EQ(bounds.back(), 30);
        EXPECT_EQ(document.at("pools").at(0).at("wait_counts").size(), bounds.size() + 1);
    }
}

TEST(Documents, tenant_row_has_every_field_of_the_contract) {
    auto snapshot = calm_snapshot();
    snapshot.pools[0].wait_nanoseconds = 1'500'000'000;
    snapshot.pools[0].counts.oldest_wait = std::chrono::milliseconds(250);
    const json row =
        json::parse(tenants_document(snapshot, {}, TenantOrder::name, {})).at("tenants").at(0);
    EXPECT_THAT(keys(row), IsSupersetOf({"pool",     "engine",       "upstream",
                                         "mode",     "database",     "tenant",
                                         "app",      "loop",         "clients",
                                         "max",      "used",         "idle",
                                         "pinned",   "waiting",      "connecting",
                                         "checking", "resetting",    "cancelling",
                                         "closing",  "leaks",        "oldest_wait_seconds",
                                         "acquires", "timeouts",     "rejections",
                                         "queries",  "wait_seconds", "waits",
                                         "paused",   "disabled",     "leaks_suspected",
                                         "bytes_in", "bytes_out"}));
    EXPECT_DOUBLE_EQ(row["wait_seconds"], 1.5);
    EXPECT_DOUBLE_EQ(row["oldest_wait_seconds"], 0.25);
}

TEST(Documents, one_pool_lists_only_its_own_tenants) {
    auto snapshot = three_tenants();
    snapshot.pools[2].pool = "other";
    snapshot.stale = {2};
    const auto text = pool_document(snapshot, "tenants", {});
    ASSERT_TRUE(text);
    const json document = json::parse(*text);
    EXPECT_EQ(document.at("pool"), "tenants");
    EXPECT_THAT(tenants(document), ElementsAre("acme", "beta"));
    EXPECT_EQ(document.at("stale_loops"), json::array({2}));
    EXPECT_FALSE(pool_document(snapshot, "nowhere", {}));
}

TEST(Documents, a_pool_says_who_waited_for_whom_the_worst_first) {
    using telemetry::WaitCause;
    pool::BlameReading blame;
    blame.pairs = {{"acme", "acme", WaitCause::pool_full, 500'000'000},
                   {"acme", "noisy", WaitCause::budget, 4'000'000'000},
                   {"beta", "noisy", WaitCause::budget, 1'500'000'000}};
    blame.rest_nanoseconds = 250'000'000;
    const auto text = pool_document(three_tenants(), "tenants", blame);
    ASSERT_TRUE(text);
    const json document = json::parse(*text).at("blame");
    EXPECT_EQ(document.at("pairs"), json::parse(R"([
        {"waiting": "acme", "holding": "noisy", "cause": "budget", "seconds": 4.0},
        {"waiting": "beta", "holding": "noisy", "cause": "budget", "seconds": 1.5},
        {"waiting": "acme", "holding": "acme", "cause": "pool_full", "seconds": 0.5}])"));
    EXPECT_EQ(document.at("rest_seconds"), 0.25);
    EXPECT_EQ(document.at("minutes"), 10);
}

TEST(Documents, tenants_are_sorted_by_what_was_asked_for) {
    auto snapshot = three_tenants();
    snapshot.pools[0].wait_nanoseconds = 5;
    snapshot.pools[1].wait_nanoseconds = 9;
    snapshot.pools[1].counts.used = 1;
    snapshot.pools[2].counts.pinned = 2;
    snapshot.pools[0].rejections = 3;
    snapshot.pools[2].counts.leaks = 1;
    const auto sorted = [&](TenantOrder order, std::size_t limit = 0) {
        return tenants(json::parse(tenants_document(snapshot, {}, order, {0, limit})));
    };
    EXPECT_THAT(sorted(TenantOrder::name), ElementsAre("acme", "beta", "chi"));
    EXPECT_THAT(sorted(TenantOrder::wait), ElementsAre("beta", "acme", "chi"));
    EXPECT_THAT(sorted(TenantOrder::used), ElementsAre("chi", "beta", "acme"));
    EXPECT_THAT(sorted(TenantOrder::rejected), ElementsAre("acme", "beta", "chi"));
    EXPECT_THAT(sorted(TenantOrder::leaks, 1), ElementsAre("chi"));
}

TEST(Documents, who_waits_is_in_more_trouble_than_who_leaks_or_is_full) {
    auto snapshot = three_tenants();
    snapshot.pools[0].counts.used = 20;
    snapshot.pools[1].counts.leaks = 3;
    const auto sorted = [&] {
        return tenants(json::parse(tenants_document(snapshot, {}, TenantOrder::trouble, {})));
    };
    EXPECT_THAT(sorted(), ElementsAre("beta", "acme", "chi"));
    snapshot.pools[2].counts.oldest_wait = std::chrono::milliseconds(1);
    EXPECT_THAT(sorted(), ElementsAre("chi", "beta", "acme"));
}

TEST(Documents, limit_does_not_hide_how_many_there_are) {
    const json document =
        json::parse(tenants_document(three_tenants(), {}, TenantOrder::name, {0, 2}));
    EXPECT_EQ(document.at("tenants").size(), 2U);
    EXPECT_EQ(document.at("total"), 3);
}

TEST(Documents, pages_follow_each_other_without_gap_or_overlap) {
    const auto page = [](std::size_t offset, std::size_t limit) {
        return tenants(
            json::parse(tenants_document(three_tenants(), {}, TenantOrder::name, {offset, limit})));
    };
    EXPECT_THAT(page(0, 2), ElementsAre("acme", "beta"));
    EXPECT_THAT(page(2, 2), ElementsAre("chi"));
    EXPECT_THAT(page(1, 0), ElementsAre("beta", "chi"));
    EXPECT_THAT(page(3, 2), ElementsAre());
    EXPECT_THAT(page(99, 0), ElementsAre());
    const json beyond =
        json::parse(tenants_document(three_tenants(), {}, TenantOrder::name, {99, 0}));
    EXPECT_EQ(beyond.at("total"), 3);
    EXPECT_EQ(beyond.at("offset"), 3);
}

TEST(Documents, lists_are_filtered_by_pool_and_tenant) {
    std::vector<proxy::ServerStatus> servers(3);
    servers[0].pool = servers[1].pool = "tenants";
    servers[0].tenant = "acme";
    servers[1].tenant = servers[2].tenant = "beta";
    servers[1].id = "7";
    const auto count = [&](const Filter& filter) {
        return json::parse(servers_document(servers, filter)).at("servers").size();
    };
    EXPECT_EQ(count({}), 3U);
    EXPECT_EQ(count({"tenants", {}}), 2U);
    EXPECT_EQ(count({{}, "beta"}), 2U);
    EXPECT_EQ(count({"tenants", "beta"}), 1U);
    EXPECT_EQ(count({"tenants", "chi"}), 0U);
}

TEST(Documents, client_server_and_leak_rows_have_their_fields) {
    EXPECT_THAT(keys(json::parse(clients_document({{}}, {})).at("clients").at(0)),
                UnorderedElementsAre("id", "listener", "pool", "tenant", "app", "user", "database",
                                     "address", "application_name", "state", "connected_seconds",
                                     "state_seconds", "server"));
    EXPECT_THAT(keys(json::parse(servers_document({{}}, {})).at("servers").at(0)),
                UnorderedElementsAre("id", "pool", "tenant", "app", "upstream", "state",
                                     "pin_reason", "backend_pid", "age_seconds", "state_seconds",
                                     "client", "client_address", "application_name",
                                     "last_statement", "leak_suspected"));
    EXPECT_THAT(
        keys(json::parse(leaks_document({{}}, {})).at("leaks").at(0)),
        UnorderedElementsAre("server", "pool", "tenant", "app", "user", "client", "client_address",
                             "application_name", "state", "pin_reason", "last_statement", "action",
                             "trace_id", "backend_pid", "held_seconds", "quiet_seconds"));
}

TEST(Documents, text_that_is_not_utf8_is_replaced_and_quotes_are_escaped) {
    std::vector<proxy::LeakStatus> leaks(1);
    leaks[0].application_name = "bad\xff\x01\"name";
    const json document = json::parse(leaks_document(leaks, {}));
    EXPECT_EQ(document["leaks"][0]["application_name"], "bad\xef\xbf\xbd\x01\"name");
}

TEST(Documents, numbers_that_json_lacks_become_zero) {
    auto snapshot = calm_snapshot();
    snapshot.templates[0].hit_rate = std::numeric_limits<double>::quiet_NaN();
    snapshot.templates[0].wait_p99_seconds = std::numeric_limits<double>::infinity();
    const json row = json::parse(pools_document(snapshot, {})).at("pools").at(0);
    EXPECT_EQ(row["hit_rate"], 0.0);
    EXPECT_EQ(row["wait_p99_seconds"], 0.0);
}

TEST(Documents, health_carries_status_issues_and_pools) {
    auto snapshot = calm_snapshot();
    snapshot.pools[0].counts.used = 20;
    snapshot.pools[0].counts.waiting = 1;
    const json document = json::parse(health_document(assess(snapshot, {}), snapshot));
    EXPECT_EQ(document.at("status"), "error");
    ASSERT_EQ(document.at("issues").size(), 1U);
    const json& issue = document["issues"][0];
    EXPECT_EQ(issue["severity"], "error");
    EXPECT_EQ(issue["pool"], "tenants");
    EXPECT_EQ(issue["tenant"], "acme");
    EXPECT_EQ(issue["what"], "pool exhausted");
    EXPECT_EQ(issue["value"], 20);
    EXPECT_EQ(issue["limit"], 20);
    EXPECT_FALSE(issue["action"].get<std::string>().empty());
    EXPECT_EQ(document.at("pools").size(), 1U);
}

}  // namespace
}  // namespace weir::admin
