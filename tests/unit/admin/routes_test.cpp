#include "admin/routes.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "admin/fake_agent.h"

namespace weir::admin {
namespace {

using collectors::Format;
using nlohmann::json;
using proxy::Refused;
using settings::Secret;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

class RoutesTest : public testing::Test {
  protected:
    Response get(const std::string& path, const std::string& query = "",
                 const std::string& method = "GET") {
        Request request;
        request.method = method;
        request.path = path;
        request.query = query;
        request.host = "localhost:9630";
        return routes_.answer(request);
    }

    // With the admin token; the audit line ends in `log_`.
    Response post(const std::string& path, const std::string& body = "",
                  const std::string& type = "application/json") {
        Request request = acting(path);
        request.body = body;
        request.content_type = type;
        return send(request);
    }

    static Request acting(const std::string& path) {
        Request request;
        request.method = "POST";
        request.path = path;
        request.peer = "127.0.0.1:5555";
        request.authorization = "Bearer acting";
        return request;
    }

    Response send(const Request& request) {
        CaptureStderr();
        Response response = routes_.answer(request);
        log_ = GetCapturedStderr();
        return response;
    }

    static std::string code(const Response& response) {
        return json::parse(response.body).at("error").at("code");
    }

    FakeAgent agent_;
    std::string log_;
    Routes routes_{
        agent_,
        Access(Hosts("127.0.0.1", {}), Secret::of("acting"), Secret()),
        {[](Format format) {
             return std::string(format == Format::openmetrics ? "# EOF\n" : "weir_up 1\n");
         },
         [](const collectors::TenantView&, Format) { return std::string("weir_tenant 1\n"); }}};
};

TEST_F(RoutesTest, metrics_are_prometheus_text) {
    const Response response = get("/metrics");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(response.body, "weir_up 1\n");
}

TEST_F(RoutesTest, metrics_are_openmetrics_for_who_asks_for_it) {
    Request request;
    request.method = "GET";
    request.path = "/metrics";
    request.host = "localhost";
    request.accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
    const Response response = routes_.answer(request);
    EXPECT_EQ(response.type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    EXPECT_EQ(response.body, "# EOF\n");
}

TEST_F(RoutesTest, the_page_needs_no_other_host_and_allows_none) {
    const Response response = get("/");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.type, "text/html; charset=utf-8");
    EXPECT_EQ(response.caching, "no-cache");
    EXPECT_THAT(response.body, testing::StartsWith("<!DOCTYPE html>"));
    EXPECT_LT(response.body.size(), 150U * 1024);
    EXPECT_EQ(response.body.find("https://"), std::string::npos);
    EXPECT_THAT(response.headers,
                ElementsAre(testing::Pair("ETag", testing::MatchesRegex("\"[0-9a-f]+\"")),
                            testing::Pair("Content-Security-Policy",
                                          testing::StartsWith("default-src 'none'; ")),
                            testing::Pair("Referrer-Policy", "no-referrer")));
}

TEST_F(RoutesTest, a_page_that_is_known_already_is_not_sent_again) {
    Request request;
    request.method = "GET";
    request.path = "/";
    const std::string tag = get("/").headers.at(0).second;
    for (const std::string& known : {tag, "W/" + tag, "\"other\", " + tag, std::string("*")}) {
        request.if_none_match = known;
        const Response response = routes_.answer(request);
        EXPECT_EQ(response.status, 304) << known;
        EXPECT_EQ(response.body, "") << known;
        EXPECT_EQ(response.headers.at(0).second, tag) << known;
    }
    request.if_none_match = "\"other\"";
    EXPECT_EQ(routes_.answer(request).status, 200);
}

TEST_F(RoutesTest, probes_follow_the_agent) {
    for (const char* path : {"/livez", "/readyz", "/startupz"}) {
        EXPECT_EQ(get(path).status, 200) << path;
    }
    agent_.alive = false;
    agent_.ready = {};
    for (const char* path : {"/livez", "/readyz", "/startupz"}) {
        EXPECT_EQ(get(path).status, 503) << path;
    }
    EXPECT_THAT(get("/readyz", "verbose").body, HasSubstr("listening: a listener is not bound"));
    EXPECT_EQ(get("/readyz", "verbose=0").body.find("listening:"), std::string::npos);
}

TEST_F(RoutesTest, ready_policy_is_the_one_in_effect) {
    agent_.ready.upstreams_serve = false;
    EXPECT_EQ(get("/readyz").status, 503);
    agent_.settings_->admin.ready_policy = settings::ReadyPolicy::never;
    EXPECT_EQ(get("/readyz").status, 200);
}

TEST_F(RoutesTest, documents_are_served_under_their_paths) {
    agent_.seen = calm_snapshot();
    agent_.client_list.resize(1);
    agent_.server_list.resize(2);
    agent_.leak_list.resize(3);
    const auto document = [&](const char* path) { return json::parse(get(path).body); };
    EXPECT_EQ(document("/health").at("status"), "warning") << "of the leaks";
    EXPECT_EQ(document("/api/v1/pools").at("pools").size(), 1U);
    EXPECT_EQ(document("/api/v1/pools/tenants").at("tenants").size(), 1U);
    EXPECT_EQ(document("/api/v1/tenants").at("tenants").size(), 1U);
    EXPECT_EQ(document("/api/v1/clients").at("clients").size(), 1U);
    EXPECT_EQ(document("/api/v1/servers").at("servers").size(), 2U);
    EXPECT_EQ(document("/api/v1/leaks").at("leaks").size(), 3U);
    EXPECT_TRUE(document("/api/v1/config").is_object());
}

TEST_F(RoutesTest, names_in_paths_and_filters_are_decoded) {
    agent_.seen = calm_snapshot();
    agent_.seen.templates[0].pool = "a/b c";
    EXPECT_EQ(get("/api/v1/pools/a%2Fb%20c").status, 200);
    EXPECT_EQ(get("/api/v1/pools/a/b c").status, 405) << "pool a, action \"b c\": only POST";
    const Response filtered = get("/api/v1/pools", "pool=a%2Fb+c");
    EXPECT_EQ(json::parse(filtered.body).at("pools").size(), 1U);
}

TEST_F(RoutesTest, unknown_paths_and_pools_are_not_found) {
    for (const char* path : {"/nowhere", "/api", "/api/v1/pools/", "//metrics", "/metrics/",
                             "/api/v1/pools/nowhere", "/api/v1/pools/../config"}) {
        const int status = get(path).status;
        EXPECT_TRUE(status == 404 || status == 405) << path << " " << status;
    }
    EXPECT_EQ(code(get("/nowhere")), "not_found");
    EXPECT_EQ(get("/%zz").status, 400);
}

TEST_F(RoutesTest, other_methods_are_told_what_is_allowed) {
    const Response on_get = get("/health", "", "DELETE");
    EXPECT_EQ(on_get.status, 405);
    EXPECT_THAT(on_get.headers, ElementsAre(testing::Pair("Allow", "GET, HEAD")));
    const Response on_post = get("/api/v1/drain", "", "OPTIONS");
    EXPECT_EQ(on_post.status, 405);
    EXPECT_THAT(on_post.headers, ElementsAre(testing::Pair("Allow", "POST")));
    EXPECT_THAT(get("/api/v1/restart", "", "DELETE").headers,
                ElementsAre(testing::Pair("Allow", "GET, HEAD, POST")));
    EXPECT_EQ(get("/health", "", "HEAD").status, 200);
    EXPECT_TRUE(agent_.done().empty());
}

TEST_F(RoutesTest, wrong_parameters_are_refused) {
    EXPECT_EQ(get("/api/v1/tenants", "sort=size").status, 400);
    for (const char* limit :
         {"limit=", "limit=-1", "limit=ten", "limit=1x", "limit=99999999999999999999999"}) {
        EXPECT_EQ(get("/api/v1/tenants", limit).status, 400) << limit;
    }
    for (const char* path : {"/api/v1/tenants", "/metrics/tenants"}) {
        EXPECT_EQ(get(path, "limit=x").status, 400) << path;
        EXPECT_EQ(get(path, "limit=5").status, 200) << path;
    }
    EXPECT_EQ(get("/api/v1/tenants", "offset=x").status, 400);
    EXPECT_EQ(get("/api/v1/tenants", "sort=wait&limit=5&offset=2").status, 200);
}

TEST_F(RoutesTest, foreign_host_is_refused_everywhere) {
    Request request;
    request.method = "GET";
    request.host = "evil.example";
    for (const char* path : {"/metrics", "/livez", "/nowhere"}) {
        request.path = path;
        EXPECT_EQ(code(routes_.answer(request)), "foreign_host") << path;
    }
}

TEST_F(RoutesTest, each_action_reaches_the_agent) {
    for (const char* action : {"clear", "pause", "resume", "disable", "enable"}) {
        const Response response = post(std::string("/api/v1/pools/tenants/") + action);
        EXPECT_EQ(response.body, "{\"pools\":1}\n") << action;
    }
    EXPECT_EQ(post("/api/v1/pools/tenants/resize", R"({"max_size":30,"tenant":"acme"})").status,
              200);
    EXPECT_EQ(post("/api/v1/pools/*/clear", R"({"tenant":"acme"})").status, 200);
    EXPECT_EQ(post("/api/v1/servers/17/kill").body, "{\"connections\":1}\n");
    EXPECT_EQ(post("/api/v1/reload").body, "{\"changes\":[\"log.level: info -> debug\"]}\n");
    EXPECT_EQ(post("/api/v1/drain").body, "{\"draining\":true}\n");
    EXPECT_EQ(post("/api/v1/restart").status, 202);
    EXPECT_THAT(agent_.done(),
                ElementsAre("clear tenants/*", "pause tenants/*", "resume tenants/*",
                            "disable tenants/*", "enable tenants/*", "resize to 30 tenants/acme",
                            "clear /acme", "kill 17/*", "reload", "drain", "restart"));
}

TEST_F(RoutesTest, how_a_restart_stands_can_be_read) {
    agent_.successions = {7, 6, false, "why \"not\""};
    EXPECT_EQ(
        json::parse(get("/api/v1/restart").body),
        json::parse(R"({"process":7,"predecessor":6,"starting":false,"error":"why \"not\""})"));
    agent_.outcome = tl::make_unexpected(Refused{Refused::Kind::busy, "one at a time"});
    EXPECT_EQ(post("/api/v1/restart").status, 409);
    EXPECT_THAT(log_, HasSubstr("action=restart target=agent"));
}

TEST_F(RoutesTest, a_refused_reload_tells_every_problem) {
    agent_.reloaded = tl::make_unexpected(proxy::ReloadRefused{
        false, {{"weir.toml:3:1", "agent.loops", "expected a number"}, {"", "log.level", "no"}}});
    const Response response = post("/api/v1/reload");
    EXPECT_EQ(response.status, 422);
    EXPECT_THAT(response.body, HasSubstr(R"("code":"invalid")"));
    EXPECT_THAT(response.body, HasSubstr(R"("where":"weir.toml:3:1")"));
    EXPECT_THAT(response.body, HasSubstr("log.level: no"));
    EXPECT_THAT(log_, HasSubstr("action=reload target=agent"));
    agent_.reloaded = tl::make_unexpected(proxy::ReloadRefused{true, {{"", "", "draining"}}});
    EXPECT_EQ(post("/api/v1/reload").status, 409);
}

TEST_F(RoutesTest, every_action_leaves_an_audit_line) {
    post("/api/v1/pools/tenants/resize", R"({"max_size":30,"tenant":"acme"})");
    EXPECT_THAT(log_, HasSubstr("event=admin.action peer=127.0.0.1:5555 action=resize "
                                "target=tenants tenant=acme"));
    EXPECT_THAT(log_, HasSubstr("pools=1 max_size=30"));
    post("/api/v1/servers/17/kill");
    EXPECT_THAT(log_, HasSubstr("action=kill target=17"));
    post("/api/v1/drain");
    EXPECT_THAT(log_, HasSubstr("action=drain"));
    post("/api/v1/pools/tenants/clear", "{");
    EXPECT_THAT(log_, HasSubstr("refused"));
}

TEST_F(RoutesTest, refusals_of_the_agent_become_statuses) {
    const auto status = [&](Refused::Kind kind) {
        agent_.outcome = tl::make_unexpected(Refused{kind, "because"});
        const Response response = post("/api/v1/pools/tenants/clear");
        EXPECT_THAT(response.body, HasSubstr("because"));
        EXPECT_THAT(log_, HasSubstr("refused: because"));
        return response.status;
    };
    EXPECT_EQ(status(Refused::Kind::not_found), 404);
    EXPECT_EQ(status(Refused::Kind::invalid), 400);
    EXPECT_EQ(status(Refused::Kind::busy), 409);
}

TEST_F(RoutesTest, bodies_that_mean_nothing_are_refused_and_nothing_is_done) {
    const std::string resize = "/api/v1/pools/tenants/resize";
    for (const char* body : {"{", "[]", "7", "null", R"({"tenant":7})", R"({"tenant":""})",
                             R"({"max":7})", R"({"max_size":0})", R"({"max_size":-1})",
                             R"({"max_size":1.5})", R"({"max_size":100001})", "{}", "\xff"}) {
        EXPECT_EQ(post(resize, body).status, 400) << body;
    }
    EXPECT_EQ(post("/api/v1/pools/tenants/clear", R"({"max_size":1})").status, 400);
    EXPECT_EQ(post(resize, R"({"max_size":1})", "text/plain").status, 415);
    EXPECT_EQ(post(resize, R"({"max_size":1})", "").status, 415);
    EXPECT_EQ(post("/api/v1/pools/tenants/explode").status, 404);
    Request large = acting(resize);
    large.oversized = true;
    EXPECT_EQ(send(large).status, 413);
    EXPECT_TRUE(agent_.done().empty());
    EXPECT_EQ(post(resize, R"({"max_size":1})", "Application/JSON; charset=utf-8").status, 200);
}

TEST_F(RoutesTest, acting_without_the_token_does_nothing_and_is_logged) {
    Request request = acting("/api/v1/drain");
    request.authorization = "Bearer guess";
    EXPECT_EQ(send(request).status, 401);
    EXPECT_TRUE(agent_.done().empty());
    EXPECT_THAT(log_, HasSubstr("peer=127.0.0.1:5555"));
    EXPECT_EQ(log_.find("guess"), std::string::npos);
}

}  // namespace
}  // namespace weir::admin
