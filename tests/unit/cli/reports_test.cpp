#include "cli/reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace weir::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Document pool_row() {
    return {{"pool", "tenants"},
            {"engine", "postgresql"},
            {"upstream", "main"},
            {"tenants", 3},
            {"clients", 40},
            {"used", 7},
            {"idle", 2},
            {"waiting", 1},
            {"max", 20},
            {"hit_rate", 0.987},
            {"acquires", 1000},
            {"wait_p50_seconds", 0.0002},
            {"wait_p99_seconds", 0.25},
            {"oldest_wait_seconds", 1.5},
            {"leaks", 1},
            {"pinned", 4},
            {"breaker", "closed"},
            {"last_connect_error", ""}};
}

std::string second_line(const std::string& text) {
    const std::size_t begin = text.find('\n') + 1;
    return text.substr(begin, text.find('\n', begin) - begin);
}

std::vector<std::string> words(const std::string& line) {
    std::vector<std::string> found;
    std::istringstream in(line);
    for (std::string word; in >> word;) found.push_back(word);
    return found;
}

Document blamed_pool() {
    Document pairs = Document::array();
    for (int i = 0; i < 12; ++i) {
        pairs.push_back({{"waiting", "t" + std::to_string(i)},
                         {"holding", i == 3 ? "t3" : "noisy"},
                         {"cause", i == 3 ? "pool_full" : "budget"},
                         {"seconds", 90 - i}});
    }
    return {{"blame", {{"minutes", 10}, {"pairs", pairs}, {"rest_seconds", 0}}}};
}

TEST(Reports, the_worst_of_who_waited_for_whom_are_a_short_table) {
    const std::string text = blame_report(blamed_pool(), "", false);
    EXPECT_THAT(text, StartsWith("Who waited for whom in the last 10 minutes:\n"));
    EXPECT_THAT(text, HasSubstr("t0       noisy                budget     1m30s"));
    EXPECT_THAT(text, HasSubstr("t3       t3                   pool_full"));
    EXPECT_THAT(text, HasSubstr("t9 "));
    EXPECT_THAT(text, Not(HasSubstr("t10 ")));
}

TEST(Reports, of_who_waited_for_whom_a_tenant_sees_what_concerns_it) {
    const std::string text = blame_report(blamed_pool(), "t11", false);
    EXPECT_THAT(text, HasSubstr("t11"));
    EXPECT_THAT(text, Not(HasSubstr("t0 ")));
    EXPECT_EQ(blame_report(blamed_pool(), "nobody", false), "");
    EXPECT_EQ(blame_report({{"pool", "of an older agent"}}, "", false), "");
}

TEST(Reports, a_pool_is_one_row_with_all_that_matters) {
    const std::string text = pools_report({{"pools", {pool_row()}}}, false);
    EXPECT_THAT(words(second_line(text)),
                ::testing::ElementsAre("tenants", "postgresql", "main", "3", "40", "7", "2", "1",
                                       "20", "98.7", "%", "200", "µs", "250", "ms", "1.5", "s", "1",
                                       "4", "closed"));
}

TEST(Reports, a_pool_that_never_served_has_no_rates) {
    Document row = pool_row();
    row["acquires"] = 0;
    EXPECT_THAT(second_line(pools_report({{"pools", {row}}}, false)), Not(HasSubstr("%")));
}

TEST(Reports, what_is_unusual_about_a_pool_is_said) {
    Document row = pool_row();
    row["breaker"] = "open";
    row["paused"] = true;
    row["last_connect_error"] = "Connection\nrefused";
    const std::string text = pools_report({{"pools", {row}}}, true);
    EXPECT_THAT(text, HasSubstr("\x1b[31mopen, paused\x1b[0m"));
    EXPECT_THAT(text, HasSubstr("tenants: last connect failed: Connection refused"));
}

TEST(Reports, an_answer_with_missing_fields_is_still_shown) {
    EXPECT_THAT(second_line(pools_report({{"pools", {{{"pool", "p"}}}}}, false)), StartsWith("p "));
    EXPECT_THAT(pools_report(Document::object(), false), StartsWith("POOL"));
}

TEST(Reports, a_server_connection_shows_who_holds_it) {
    const Document row{{"id", "s7"},
                       {"pool", "tenants"},
                       {"tenant", "acme"},
                       {"state", "pinned"},
                       {"pin_reason", "listen"},
                       {"state_seconds", 90},
                       {"age_seconds", 7500},
                       {"backend_pid", 4711},
                       {"client", "c3"},
                       {"client_address", "10.0.0.9:1234"},
                       {"application_name", "web"},
                       {"last_statement", "LISTEN x"},
                       {"leak_suspected", true}};
    const std::string line = second_line(servers_report({{"servers", {row}}}, false));
    for (const char* word : {"s7", "acme", "pinned (listen), leak?", "1m30s", "2h05m", "4711", "c3",
                             "10.0.0.9:1234", "web", "LISTEN x"}) {
        EXPECT_THAT(line, HasSubstr(word));
    }
    EXPECT_EQ(servers_report(Document::object(), false), "no server connections\n");
}

TEST(Reports, health_tells_each_issue_and_what_to_do) {
    const Document issue{{"severity", "error"},    {"pool", ""},
                         {"upstream", "main"},     {"tenant", ""},
                         {"what", "breaker open"}, {"value", 1},
                         {"limit", 0.8},           {"action", "look at the server"}};
    const std::string text =
        health_report({{"status", "error"}, {"issues", {issue}}, {"unlisted_issues", 2}}, false);
    EXPECT_THAT(text, StartsWith("error\n"));
    EXPECT_THAT(text, HasSubstr("main"));
    EXPECT_THAT(text, HasSubstr("0.8"));
    EXPECT_THAT(text, HasSubstr("look at the server"));
    EXPECT_THAT(text, HasSubstr("and 2 more\n"));
    EXPECT_EQ(health_report({{"status", "healthy"}, {"issues", Document::array()}}, false),
              "healthy\n");
}

TEST(Reports, a_tenant_shows_its_mean_wait_and_how_many_are_not_listed) {
    const Document row{{"tenant", "acme"}, {"pool", "tenants"}, {"used", 3},       {"max", 20},
                       {"waits", 4},       {"wait_seconds", 2}, {"disabled", true}};
    const std::string text = tenants_report({{"tenants", {row}}, {"total", 6}}, false);
    EXPECT_THAT(second_line(text), HasSubstr("500 ms"));
    EXPECT_THAT(second_line(text), HasSubstr("disabled"));
    EXPECT_THAT(text, HasSubstr("and 5 more"));
    const Document second{{"tenants", {row}}, {"total", 6}, {"offset", 4}};
    EXPECT_THAT(tenants_report(second, false), HasSubstr("and 1 more"));
    const Document beyond{{"tenants", Document::array()}, {"total", 6}, {"offset", 6}};
    EXPECT_EQ(tenants_report(beyond, false), "no tenant is left after these\n");
    EXPECT_EQ(tenants_report(Document::object(), false), "no tenant is in use\n");
}

TEST(Reports, a_leak_comes_with_its_evidence) {
    const Document row{{"server", "s9"},
                       {"pool", "tenants"},
                       {"tenant", "acme"},
                       {"user", "app"},
                       {"client_address", "10.0.0.9:1234"},
                       {"application_name", "web"},
                       {"state", "idle in transaction"},
                       {"held_seconds", 75},
                       {"last_statement", "UPDATE t SET x = ?"}};
    const std::string text = leaks_report({{"leaks", {row}}}, false);
    for (const char* word : {"s9", "acme", "app", "10.0.0.9:1234", "web", "idle in transaction",
                             "1m15s", "UPDATE t SET x = ?", "weir kill"}) {
        EXPECT_THAT(text, HasSubstr(word));
    }
    EXPECT_EQ(leaks_report(Document::object(), false), "no leak is suspected\n");
}

}  // namespace
}  // namespace weir::cli
