// Under TLS; what a plain server answers is in tests/integration.
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include "collectors/servers/questions.h"
#include "collectors/servers/redis_server.h"

namespace weir::collectors {
namespace {

using namespace std::chrono_literals;
using loop::testing::Certificates;
using settings::ServerTls;

class RedisUnderTls : public ::testing::Test {
  protected:
    [[nodiscard]] Asked ask(ServerTls mode, const std::string& ca = {},
                            const std::string& name = "localhost") const {
        settings::Upstream upstream;
        upstream.engine = settings::Engine::redis;
        upstream.tls.mode = mode;
        upstream.tls.ca = ca;
        upstream.observe.user = "default";
        upstream.observe.password = settings::Secret::of("secret");
        Place place = server_.place();
        place.host = name;
        const Patience patience(stop_.get(), base::Clock::now() + 10s);
        for (;;) {
            Asked answer = ask_redis(upstream, place, settings::Target::any, patience);
            const bool starting =
                !answer && answer.error().message.find("refused") != std::string::npos;
            if (!starting) return answer;
        }
    }
    testing::RedisServer server_;
    base::Fd stop_{::eventfd(0, EFD_CLOEXEC)};
};

TEST_F(RedisUnderTls, is_asked_by_every_mode_that_wants_it) {
    const std::string ca = Certificates::of("ca.crt");
    for (const auto& answer : {ask(ServerTls::require), ask(ServerTls::verify_ca, ca),
                               ask(ServerTls::verify_full, ca)}) {
        ASSERT_TRUE(answer.has_value()) << answer.error().message;
        EXPECT_GT(answer->reading.max_connections.value_or(0), 0U);
        EXPECT_GE(answer->reading.connections.value_or(0), 1U);
    }
}

TEST_F(RedisUnderTls, a_server_that_does_not_prove_itself_is_told_nothing) {
    const std::string other = Certificates::of("server.crt");
    const auto unknown = ask(ServerTls::verify_ca, other);
    ASSERT_FALSE(unknown.has_value());
    EXPECT_NE(unknown.error().message.find("certificate verify failed"), std::string::npos)
        << unknown.error().message;
    const auto misnamed = ask(ServerTls::verify_full, Certificates::of("ca.crt"), "elsewhere");
    ASSERT_FALSE(misnamed.has_value());
    EXPECT_NE(misnamed.error().message.find("ostname mismatch"), std::string::npos)
        << misnamed.error().message;
}

TEST_F(RedisUnderTls, a_server_that_hangs_before_its_part_is_given_up) {
    const testing::SilentServer silent;
    settings::Upstream upstream;
    upstream.tls.mode = ServerTls::require;
    const Patience patience(stop_.get(), base::Clock::now() + 50ms);
    const auto answer = ask_redis(upstream, silent.place(), settings::Target::any, patience);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().message, "no answer in time");
}

}  // namespace
}  // namespace weir::collectors
