#include "admin/server.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "admin/fake_agent.h"
#include "admin/http_client.h"

namespace weir::admin {
namespace {

using settings::Secret;
using testing::HasSubstr;

class ServerTest : public testing::Test {
  protected:
    ServerTest() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "weir-admin-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        base::log::configure(base::log::Level::warn, base::log::Format::logfmt, "");
        agent_.seen = calm_snapshot();
        agent_.settings_->admin.listen = "127.0.0.1:0";
        agent_.settings_->admin.token = Secret::of("acting");
    }
    ~ServerTest() override {
        base::log::configure(base::log::Level::info, base::log::Format::logfmt, "");
        std::filesystem::remove_all(folder_);
    }

    std::uint16_t start() {
        auto started = AdminServer::start(agent_.settings(), agent_, texts_);
        EXPECT_TRUE(started) << started.error().message;
        if (!started) throw std::runtime_error(started.error().message);
        server_ = std::move(*started);
        return server_->port();
    }

    FakeAgent agent_;
    std::function<std::string()> metrics_ = [] { return std::string("weir_up 1\n"); };
    MetricsTexts texts_{
        [this](collectors::Format) { return metrics_(); },
        [this](const collectors::TenantView&, collectors::Format) { return metrics_(); }};
    std::filesystem::path folder_;
    std::unique_ptr<AdminServer> server_;
};

constexpr const char* with_token = "Authorization: Bearer acting\r\n";

TEST_F(ServerTest, answers_with_type_length_and_no_caching) {
    const Answer answer = ask(start(), "GET", "/metrics");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "weir_up 1\n");
    EXPECT_EQ(answer.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(answer.header("Content-Length"), "10");
    EXPECT_EQ(answer.header("Cache-Control"), "no-store");
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "");
}

TEST_F(ServerTest, head_is_answered_like_get_without_the_body) {
    const std::uint16_t port = start();
    HttpClient client(port);
    client.send("HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const Answer answer = client.receive(true);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Content-Length"), "10");
    client.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client.receive().body, "ok\n") << "no stray body on the connection";
}

TEST_F(ServerTest, connection_is_kept_for_the_next_request) {
    HttpClient client(start());
    for (int i = 0; i < 20; ++i) {
        client.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        EXPECT_EQ(client.receive().status, 200);
        client.send(
            "POST /api/v1/drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}");
        EXPECT_EQ(client.receive().status, 401);
    }
}

TEST_F(ServerTest, close_is_honoured) {
    HttpClient client(start());
    client.send("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: Close\r\n\r\n");
    const Answer answer = client.receive();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(ServerTest, actions_need_the_token_and_reach_the_agent) {
    const std::uint16_t port = start();
    EXPECT_EQ(ask(port, "POST", "/api/v1/pools/tenants/clear").status, 401);
    EXPECT_TRUE(agent_.done().empty());
    EXPECT_EQ(ask(port, "POST", "/api/v1/pools/tenants/clear", with_token).body, "{\"pools\":1}\n");
    EXPECT_EQ(
        ask(port, "POST", "/api/v1/pools/a%2Fb/resize",
            std::string(with_token) + "Content-Type: application/json\r\n", R"({"max_size":5})")
            .status,
        200);
    EXPECT_THAT(agent_.done(), testing::ElementsAre("clear tenants/*", "resize to 5 a/b/*"));
}

TEST_F(ServerTest, chunked_body_is_read) {
    HttpClient client(start());
    client.send(
        "POST /api/v1/pools/tenants/resize HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
        "acting\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\n{\"max\r\n9\r\n_size\":7}\r\n0\r\n\r\n");
    EXPECT_EQ(client.receive().status, 200);
    EXPECT_THAT(agent_.done(), testing::ElementsAre("resize to 7 tenants/*"));
}

TEST_F(ServerTest, reading_needs_the_read_token_where_one_is_set_but_probes_never) {
    agent_.settings_->admin.read_token = Secret::of("reading");
    const std::uint16_t port = start();
    for (const char* path : {"/metrics", "/health", "/api/v1/pools", "/api/v1/config"}) {
        EXPECT_EQ(ask(port, "GET", path).status, 401) << path;
        EXPECT_EQ(ask(port, "GET", path, "Authorization: Bearer reading\r\n").status, 200) << path;
        EXPECT_EQ(ask(port, "GET", path, with_token).status, 200) << path;
    }
    for (const char* path : {"/livez", "/readyz", "/startupz"}) {
        EXPECT_EQ(ask(port, "GET", path).status, 200) << path;
    }
    EXPECT_EQ(ask(port, "POST", "/api/v1/drain", "Authorization: Bearer reading\r\n").status, 403);
    EXPECT_NE(ask(port, "GET", "/health").header("WWW-Authenticate"), "");
}

TEST_F(ServerTest, the_page_is_for_everybody_since_it_holds_no_numbers) {
    agent_.settings_->admin.read_token = Secret::of("reading");
    const std::uint16_t port = start();
    const Answer answer = ask(port, "GET", "/");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Cache-Control"), "no-cache");
    EXPECT_EQ(answer.body.find("acme"), std::string::npos);
    HttpClient client(port);
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: " + answer.header("ETag") +
                "\r\n\r\n");
    const Answer known = client.receive(true);
    EXPECT_EQ(known.status, 304);
    EXPECT_EQ(known.header("Content-Length"), "") << "there is no body";
    client.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client.receive().body, "ok\n") << "the connection goes on";
}

TEST_F(ServerTest, foreign_host_and_origin_are_refused) {
    const std::uint16_t port = start();
    HttpClient client(port);
    client.send("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    EXPECT_EQ(client.receive().status, 403);
    EXPECT_EQ(ask(port, "GET", "/metrics", "Origin: http://evil.example\r\n").status, 403);
    EXPECT_EQ(
        ask(port, "GET", "/metrics", "Origin: http://localhost:" + std::to_string(port) + "\r\n")
            .status,
        200);
}

TEST_F(ServerTest, host_in_the_request_line_does_not_get_around_the_check) {
    HttpClient client(start());
    client.send("GET http://evil.example/metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    const int status = client.receive().status;
    EXPECT_TRUE(status == 0 || status >= 400) << status;
}

TEST_F(ServerTest, request_without_host_passes_only_from_http_1_0) {
    const std::uint16_t port = start();
    HttpClient old(port);
    old.send("GET /livez HTTP/1.0\r\n\r\n");
    EXPECT_EQ(old.receive().status, 200);
    HttpClient recent(port);
    recent.send("GET /livez HTTP/1.1\r\n\r\n");
    EXPECT_EQ(recent.receive().status, 400);
}

TEST_F(ServerTest, doubled_headers_that_decide_access_are_refused) {
    const std::uint16_t port = start();
    EXPECT_EQ(ask(port, "GET", "/livez", "Host: evil.example\r\n").status, 400);
    EXPECT_EQ(
        ask(port, "POST", "/api/v1/drain", std::string("Authorization: Bearer x\r\n") + with_token)
            .status,
        400);
    EXPECT_TRUE(agent_.done().empty());
}

TEST_F(ServerTest, other_methods_are_refused_with_what_is_allowed) {
    const std::uint16_t port = start();
    for (const char* method : {"OPTIONS", "PUT", "DELETE", "PATCH"}) {
        const Answer answer = ask(port, method, "/health");
        EXPECT_EQ(answer.status, 405) << method;
        EXPECT_EQ(answer.header("Allow"), "GET, HEAD") << method;
    }
    const Answer preflight =
        ask(port, "OPTIONS", "/api/v1/drain",
            "Origin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\n");
    EXPECT_EQ(preflight.status, 403);
    EXPECT_EQ(preflight.header("Access-Control-Allow-Origin"), "");
}

TEST_F(ServerTest, files_of_the_machine_are_not_served) {
    const std::uint16_t port = start();
    for (const char* path : {"/../../../../etc/passwd", "/etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
                             "/server_test.cpp", "/."}) {
        EXPECT_NE(ask(port, "GET", path).status, 200) << path;
    }
}

TEST_F(ServerTest, large_body_is_refused_without_being_read) {
    const std::uint16_t port = start();
    HttpClient client(port);
    client.send(std::string("POST /api/v1/drain HTTP/1.1\r\nHost: localhost\r\n") + with_token +
                "Content-Length: 1073741824\r\n\r\n{");
    EXPECT_EQ(client.receive().status, 413);
    EXPECT_TRUE(agent_.done().empty());
}

TEST_F(ServerTest, large_chunked_body_is_refused) {
    const std::uint16_t port = start();
    HttpClient client(port);
    client.send(std::string("POST /api/v1/drain HTTP/1.1\r\nHost: localhost\r\n") + with_token +
                "Transfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "1000\r\n" + std::string(4096, 'x') + "\r\n";
    for (int i = 0; i < 5; ++i) client.send(chunk);
    EXPECT_EQ(client.receive().status, 413);
}

TEST_F(ServerTest, malformed_requests_get_an_error_or_the_end_and_hurt_nobody) {
    const std::uint16_t port = start();
    const std::string many_headers = [] {
        std::string text = "GET /livez HTTP/1.1\r\nHost: localhost\r\n";
        for (int i = 0; i < 500; ++i) text += "X-" + std::to_string(i) + ": y\r\n";
        return text + "\r\n";
    }();
    const std::vector<std::string> requests{
        "garbage\r\n\r\n",
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET /livez\r\n\r\n",
        "GET /livez HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "G\x01T /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "NONSENSE /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /api/v1/drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "POST /api/v1/drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n",
        "GET /" + std::string(20000, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15),
        many_headers,
    };
    for (const std::string& request : requests) {
        HttpClient client(port);
        client.send(request);
        const Answer answer = client.receive();
        EXPECT_TRUE(answer.status == 0 || answer.status >= 400)
            << request.substr(0, 60) << " " << answer.status;
    }
    EXPECT_TRUE(agent_.done().empty());
    EXPECT_EQ(ask(port, "GET", "/livez").status, 200);
}

TEST_F(ServerTest, errors_of_the_web_server_itself_are_json) {
    HttpClient client(start());
    client.send("GET /" + std::string(20000, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const Answer answer = client.receive();
    EXPECT_GE(answer.status, 400);
    EXPECT_THAT(answer.body, HasSubstr("{\"error\":{\"code\":"));
}

TEST_F(ServerTest, failure_inside_is_an_answer_not_the_end) {
    metrics_ = []() -> std::string { throw std::runtime_error("no metrics today"); };
    const std::uint16_t port = start();
    const Answer answer = ask(port, "GET", "/metrics");
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body.find("no metrics today"), std::string::npos);
    EXPECT_EQ(ask(port, "GET", "/livez").status, 200);
}

TEST_F(ServerTest, many_clients_are_served_at_once) {
    metrics_ = [] { return std::string(100000, 'x'); };
    const std::uint16_t port = start();
    std::atomic<int> answered{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 16; ++i) {
        clients.emplace_back([&, i] {
            for (int n = 0; n < 20; ++n) {
                const bool scrape = i % 2 == 0;
                const Answer answer = ask(port, "GET", scrape ? "/metrics" : "/api/v1/tenants");
                if (answer.status == 200 && (!scrape || answer.body.size() == 100000)) ++answered;
            }
        });
    }
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(answered, 320);
}

TEST_F(ServerTest, threads_run_at_a_lower_priority_than_the_callers) {
    std::atomic<int> nice{-100};
    metrics_ = [&] {
        nice = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)));
        return std::string();
    };
    const int own = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)));
    EXPECT_EQ(ask(start(), "GET", "/metrics").status, 200);
    EXPECT_EQ(nice, std::min(own + 5, 19));
    EXPECT_EQ(::getpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid))), own);
}

TEST_F(ServerTest, random_token_is_written_for_the_owner_and_removed_at_stop) {
    agent_.settings_->admin.token = Secret();
    const std::string path = folder_ / "token";
    agent_.settings_->admin.token_file = path;
    const std::uint16_t port = start();
    struct stat seen {};
    ASSERT_EQ(::stat(path.c_str(), &seen), 0);
    EXPECT_EQ(seen.st_mode & 07777, 0600U);
    std::string token;
    std::ifstream(path) >> token;
    EXPECT_EQ(ask(port, "POST", "/api/v1/drain", "Authorization: Bearer " + token + "\r\n").status,
              200);
    server_->stop();
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_EQ(server_->port(), 0);
}

TEST_F(ServerTest, named_token_file_that_cannot_be_written_stops_the_start) {
    agent_.settings_->admin.token = Secret();
    agent_.settings_->admin.token_file = folder_ / "no" / "such" / "token";
    const auto started = AdminServer::start(agent_.settings(), agent_, texts_);
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().message, HasSubstr("admin.token_file"));
    EXPECT_THAT(started.error().message, HasSubstr("no/such"));
}

TEST_F(ServerTest, no_token_and_no_file_means_reading_only) {
    agent_.settings_->admin.token = Secret();
    agent_.settings_->admin.token_file = "";
    testing::internal::CaptureStderr();
    const std::uint16_t port = start();
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("admin.acting_disabled"));
    EXPECT_EQ(ask(port, "GET", "/health").status, 200);
    EXPECT_EQ(ask(port, "POST", "/api/v1/drain", with_token).status, 403);
}

TEST_F(ServerTest, address_in_use_is_a_clear_error_that_leaves_the_other_agents_token) {
    agent_.settings_->admin.token = Secret();
    const std::string path = folder_ / "token";
    agent_.settings_->admin.token_file = path;
    const std::string address = "127.0.0.1:" + std::to_string(start());
    std::string running;
    std::ifstream(path) >> running;
    agent_.settings_->admin.listen = address;
    const auto second = AdminServer::start(agent_.settings(), agent_, texts_);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message, HasSubstr("admin.listen " + address));
    EXPECT_THAT(second.error().message, HasSubstr("in use"));
    std::string token;
    std::ifstream(path) >> token;
    EXPECT_EQ(token, running);
}

TEST_F(ServerTest, too_many_headers_are_refused_because_the_rest_would_be_lost) {
    const std::uint16_t port = start();
    std::string headers;
    for (int i = 0; i < 100; ++i) headers += "X-" + std::to_string(i) + ": y\r\n";
    EXPECT_EQ(ask(port, "GET", "/livez", headers + "Origin: http://evil.example\r\n").status, 431);
}

TEST_F(ServerTest, ipv6_address_is_served_or_its_lack_is_said) {
    agent_.settings_->admin.listen = "[::1]:0";
    const auto started = AdminServer::start(agent_.settings(), agent_, texts_);
    if (started) {
        EXPECT_NE((*started)->port(), 0);
    } else {
        EXPECT_THAT(started.error().message, HasSubstr("admin.listen [::1]:0: "));
    }
}

TEST_F(ServerTest, address_of_another_machine_is_a_clear_error) {
    agent_.settings_->admin.listen = "192.0.2.1:9630";
    const auto started = AdminServer::start(agent_.settings(), agent_, texts_);
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().message, HasSubstr("admin.listen 192.0.2.1:9630: "));
}

TEST_F(ServerTest, stops_while_a_connection_is_kept_alive) {
    HttpClient client(start());
    client.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client.receive().status, 200);
    server_->stop();
    server_->stop();
    EXPECT_TRUE(client.closed_by_server());
}

}  // namespace
}  // namespace weir::admin
