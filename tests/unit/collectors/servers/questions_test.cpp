// What every engine's questions have in common; what servers answer is in tests/integration.
#include "collectors/servers/questions.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "collectors/servers/silent_server.h"

namespace weir::collectors {
namespace {

using namespace std::chrono_literals;

class Questions : public ::testing::TestWithParam<Ask> {
  protected:
    [[nodiscard]] Asked ask(const Place& place, base::Duration limit) const {
        settings::Upstream upstream;
        upstream.observe.user = "default";
        upstream.observe.password = settings::Secret::of("secret");
        const Patience patience(stop_.get(), base::Clock::now() + limit);
        return GetParam()(upstream, place, settings::Target::any, patience);
    }
    base::Fd stop_{::eventfd(0, EFD_CLOEXEC)};
};

TEST_P(Questions, a_server_that_says_nothing_costs_no_more_than_the_patience) {
    const testing::SilentServer server;
    const auto answer = ask(server.place(), 50ms);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().message, "no answer in time");
}

TEST_P(Questions, a_stop_breaks_them_off) {
    const testing::SilentServer server;
    ::eventfd_write(stop_.get(), 1);
    const auto answer = ask(server.place(), 1h);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().message, "stopped");
}

TEST_P(Questions, a_server_that_is_not_there_is_told_as_such) {
    Place place;
    {
        const testing::SilentServer server;
        place = server.place();
    }
    const auto answer = ask(place, 1h);
    ASSERT_FALSE(answer.has_value());
    EXPECT_NE(answer.error().message, "no answer in time");
    EXPECT_EQ(answer.error().message.find('\n'), std::string::npos);
    EXPECT_EQ(answer.error().message.find("secret"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(EveryEngine, Questions,
                         ::testing::Values(&ask_postgresql, &ask_mysql, &ask_redis));

TEST(SeeOff, ends_with_the_end_of_file_of_the_server) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    const base::Fd left(ends[0]);
    base::Fd server(ends[1]);
    ASSERT_EQ(::send(server.get(), "bye", 3, 0), 3);
    server.reset();
    const base::Fd never(::eventfd(0, EFD_CLOEXEC));
    see_off(left, Patience(never.get(), base::Clock::now() + 1h));
    char byte = 0;
    EXPECT_EQ(::recv(left.get(), &byte, 1, MSG_DONTWAIT), 0);
}

}  // namespace
}  // namespace weir::collectors
