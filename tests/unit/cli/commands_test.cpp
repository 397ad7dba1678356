#include "cli/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/recorded_agent.h"

namespace weir::cli {
namespace {

using ::testing::HasSubstr;
using testing::RecordedAgent;
using ::testing::StartsWith;

// One for all tests: CivetWeb takes its time to stop.
RecordedAgent& shared_agent() {
    static RecordedAgent agent;
    agent.forget();
    return agent;
}

class Commands : public ::testing::Test {
  protected:
    Commands() { setenv("WEIR_ADMIN_TOKEN", "sesame", 1); }
    ~Commands() override { unsetenv("WEIR_ADMIN_TOKEN"); }

    template <class Options>
    int perform(const Options& options) {
        const auto agent = AdminClient::open({.url = agent_.url() + "/", .token_file = ""});
        EXPECT_TRUE(agent);
        return agent ? cli::perform(*agent, options, {out_, err_}) : -1;
    }

    RecordedAgent& agent_ = shared_agent();
    std::ostringstream out_, err_;
};

TEST_F(Commands, status_shows_the_pools_and_sends_the_token) {
    agent_.answer("/api/v1/pools", 200, R"({"pools":[{"pool":"tenants","used":7}]})");
    EXPECT_EQ(perform(StatusOptions{}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("tenants"));
    EXPECT_EQ(agent_.asked().front().authorization, "Bearer sesame");
}

TEST_F(Commands, json_is_passed_as_it_came) {
    const std::string body = "{\"pools\":[{\"pool\":\"tenants\",\"new\":[1]}]}\n";
    agent_.answer("/api/v1/pools", 200, body);
    EXPECT_EQ(perform(StatusOptions{.json = true}), 0);
    EXPECT_EQ(out_.str(), body);
}

TEST_F(Commands, detailed_status_asks_for_the_same_selection_of_servers) {
    agent_.answer("/api/v1/tenants", 200, R"({"tenants":[{"tenant":"a&b"}],"total":1})");
    agent_.answer("/api/v1/servers", 200, R"({"servers":[{"id":"s7"}]})");
    agent_.answer("/api/v1/pools/p", 200, R"({"pool":"p"})");
    EXPECT_EQ(perform(StatusOptions{.pool = "p", .tenant = "a&b", .detailed = true}), 0);
    ASSERT_EQ(agent_.asked().size(), 3u);
    EXPECT_EQ(agent_.asked()[0].target, "/api/v1/tenants?pool=p&tenant=a%26b");
    EXPECT_EQ(agent_.asked()[1].target, "/api/v1/servers?pool=p&tenant=a%26b");
    EXPECT_THAT(out_.str(), HasSubstr("s7"));
    out_.str("");
    EXPECT_EQ(perform(StatusOptions{.tenant = "a&b", .detailed = true, .json = true}), 0);
    const auto both = nlohmann::json::parse(out_.str());
    EXPECT_EQ(both["tenants"].size(), 1u);
    EXPECT_EQ(both["servers"][0]["id"], "s7");
}

TEST_F(Commands, the_status_of_one_pool_says_who_waited_for_whom) {
    agent_.answer("/api/v1/pools", 200, R"({"pools":[{"pool":"p"}]})");
    agent_.answer("/api/v1/pools/p", 200,
                  R"({"blame":{"minutes":10,"pairs":[{"waiting":"quiet","holding":"noisy",
                      "cause":"budget","seconds":4}]}})");
    EXPECT_EQ(perform(StatusOptions{.pool = "p"}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("quiet    noisy"));
}

TEST_F(Commands, a_pool_that_is_not_there_is_said) {
    agent_.answer("/api/v1/pools", 200, R"({"pools":[]})");
    EXPECT_EQ(perform(StatusOptions{.pool = "x"}), 1);
    EXPECT_EQ(err_.str(), "weir: there is no pool \"x\"\n");
    EXPECT_EQ(out_.str(), "");
}

TEST_F(Commands, health_is_an_exit_code) {
    for (const auto& [status, code] :
         std::map<std::string, int>{{"healthy", 0}, {"warning", 1}, {"error", 2}}) {
        agent_.answer("/health", 200, R"({"status":")" + status + R"(","issues":[]})");
        EXPECT_EQ(perform(HealthOptions{}), code);
    }
}

TEST_F(Commands, tenants_and_leaks_ask_for_what_was_asked) {
    agent_.answer("/api/v1/tenants", 200, R"({"tenants":[],"total":0})");
    agent_.answer("/api/v1/leaks", 200, R"({"leaks":[]})");
    EXPECT_EQ(perform(TenantsOptions{.sort = "wait", .limit = 3, .offset = 6}), 0);
    EXPECT_EQ(perform(LeaksOptions{.tenant = "t"}), 0);
    EXPECT_EQ(agent_.asked()[0].target, "/api/v1/tenants?sort=wait&limit=3&offset=6");
    EXPECT_EQ(agent_.asked()[1].target, "/api/v1/leaks?tenant=t");
}

TEST_F(Commands, an_action_is_posted_with_its_order) {
    agent_.answer("/api/v1/pools/tenants/resize", 200, R"({"pools":1})");
    EXPECT_EQ(perform(PoolActionOptions{
                  .action = "resize", .pool = "tenants", .tenant = "t", .max_size = 30}),
              0);
    EXPECT_EQ(out_.str(), "resized 1 pool\n");
    const auto asked = agent_.asked().front();
    EXPECT_EQ(asked.method, "POST");
    EXPECT_EQ(asked.content_type, "application/json");
    EXPECT_EQ(nlohmann::json::parse(asked.body),
              nlohmann::json::parse(R"({"tenant":"t","max_size":30})"));
}

TEST_F(Commands, an_action_without_a_pool_means_all) {
    agent_.answer("/api/v1/pools/*/pause", 200, R"({"pools":3})");
    EXPECT_EQ(perform(PoolActionOptions{.action = "pause"}), 0);
    EXPECT_EQ(out_.str(), "paused 3 pools\n");
    EXPECT_EQ(agent_.asked().front().body, "{}");
}

TEST_F(Commands, reload_tells_the_changes_or_every_reason_against_it) {
    agent_.answer("/api/v1/reload", 200, R"({"changes":["log.level: info -> debug"]})");
    EXPECT_EQ(perform(ReloadOptions{}), 0);
    EXPECT_EQ(out_.str(), "reloaded: 1 change\n  log.level: info -> debug\n");
    agent_.answer("/api/v1/reload", 422, R"({"error":{"code":"invalid","message":"one\ntwo"}})");
    EXPECT_EQ(perform(ReloadOptions{}), 1);
    EXPECT_EQ(err_.str(), "weir: nothing was changed:\none\ntwo\n");
}

TEST_F(Commands, kill_and_drain_act) {
    agent_.answer("/api/v1/servers/s7/kill", 200, R"({"connections":1})");
    agent_.answer("/api/v1/drain", 200, R"({"draining":true})");
    EXPECT_EQ(perform(KillOptions{.connection = "s7"}), 0);
    EXPECT_EQ(perform(DrainOptions{}), 0);
    EXPECT_THAT(out_.str(), HasSubstr("s7"));
    EXPECT_THAT(out_.str(), HasSubstr("draining"));
}

TEST_F(Commands, a_restart_that_failed_is_told_with_the_reason) {
    agent_.answer("/api/v1/restart", 200,
                  R"({"process":7,"predecessor":0,"starting":false,"error":"no such file"})");
    EXPECT_EQ(perform(RestartOptions{}), 1);
    EXPECT_EQ(err_.str(), "weir: no restart, the agent goes on: no such file\n");
    EXPECT_EQ(agent_.asked().front().method, "POST");
}

TEST_F(Commands, the_agents_own_words_are_told_on_one_line) {
    agent_.answer("/api/v1/servers/s7/kill", 404,
                  R"({"error":{"code":"not_found","message":"there is no connection s7"}})");
    EXPECT_EQ(perform(KillOptions{.connection = "s7"}), 1);
    EXPECT_EQ(err_.str(), "weir: there is no connection s7\n");
}

TEST_F(Commands, something_else_that_answers_is_not_taken_for_an_agent) {
    agent_.answer("/health", 200, "<html>");
    EXPECT_EQ(perform(HealthOptions{}), 2);
    EXPECT_THAT(err_.str(), HasSubstr("is that the admin address of an agent?"));
    EXPECT_EQ(perform(LeaksOptions{}), 1);
    EXPECT_THAT(err_.str(), HasSubstr("HTTP status 404"));
}

TEST(AdminClient, says_what_to_do_when_nobody_answers) {
    std::string url;
    {
        const RecordedAgent gone;
        url = gone.url();
    }
    const auto agent = AdminClient::open({.url = url, .token_file = ""});
    ASSERT_TRUE(agent);
    const auto body = agent->get("/health");
    ASSERT_FALSE(body);
    EXPECT_THAT(body.error().message, StartsWith("no agent answers at " + url));
    EXPECT_THAT(body.error().message, HasSubstr("weir serve"));
}

TEST(AdminClient, a_named_token_file_wins_and_must_be_readable) {
    RecordedAgent& server = shared_agent();
    server.answer("/x", 200, "{}");
    const std::string file =
        std::filesystem::temp_directory_path() / ("weir-token-" + std::to_string(getpid()));
    std::ofstream(file) << "from-file\n";
    setenv("WEIR_ADMIN_TOKEN", "from-environment", 1);
    const auto agent = AdminClient::open({.url = server.url(), .token_file = file});
    ASSERT_TRUE(agent && agent->get("/x"));
    EXPECT_EQ(server.asked().back().authorization, "Bearer from-file");
    std::ofstream(file) << "from-the-next-agent\n";
    ASSERT_TRUE(agent->get("/x"));
    EXPECT_EQ(server.asked().back().authorization, "Bearer from-the-next-agent");
    unsetenv("WEIR_ADMIN_TOKEN");
    std::filesystem::remove(file);
    EXPECT_FALSE(AdminClient::open({.url = server.url(), .token_file = "/nonexistent"}));
}

TEST(AdminClient, only_http_is_spoken) {
    EXPECT_FALSE(AdminClient::open({.url = "file:///etc/passwd", .token_file = ""}));
    EXPECT_FALSE(AdminClient::open({.url = "127.0.0.1:9630", .token_file = ""}));
}

TEST(AdminClient, names_are_encoded_for_a_path) {
    EXPECT_EQ(percent_encoded("a/b c%\xc3\xa9~"), "a%2Fb%20c%25%C3%A9~");
}

}  // namespace
}  // namespace weir::cli
