#include "proxy/inherited_sockets.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "loop/socket.h"

namespace weir::proxy {
namespace {

using testing::HasSubstr;

constexpr pid_t us = 4711;

class InheritedSocketsTest : public testing::Test {
  public:
    settings::Settings settings;
    settings::Environment environment{{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "1"}};

    InheritedSocketsTest() {
        add("first", "127.0.0.1:6432");
        add("second", "localhost:6433");
        add("third", "unix:/run/weir/.s.PGSQL.6432");
        add("fourth", "*:6434");
    }
    void add(const std::string& name, const std::string& address) {
        settings::Listen listen;
        listen.name = name;
        listen.address = address;
        settings.listen.push_back(listen);
    }
    [[nodiscard]] std::string fits(const std::string& name, const std::string& bound) const {
        const settings::Listen* listen = listener_of(settings, name, bound);
        return listen == nullptr ? "none" : listen->name;
    }
    // As the first passed descriptor, which the callee closes.
    [[nodiscard]] base::Result<InheritedSockets> pass(int descriptor) {
        return passed_sockets(settings, environment, us, ::dup(descriptor));
    }
};

TEST_F(InheritedSocketsTest, a_name_goes_before_an_address) {
    EXPECT_EQ(fits("second", "127.0.0.1:6432"), "second");
    EXPECT_EQ(fits("weir.socket", "127.0.0.1:6432"), "first");
    EXPECT_EQ(fits("", "127.0.0.1:6432"), "first");
}

TEST_F(InheritedSocketsTest, addresses_are_compared_by_what_they_mean) {
    EXPECT_EQ(fits("", "[::1]:6433"), "second");
    EXPECT_EQ(fits("", "127.0.0.1:6433"), "second");
    EXPECT_EQ(fits("", "unix:/run/weir/.s.PGSQL.6432"), "third");
    EXPECT_EQ(fits("", "0.0.0.0:6434"), "fourth");
    EXPECT_EQ(fits("", "[::]:6434"), "fourth");
    EXPECT_EQ(fits("", "127.0.0.1:6434"), "none");
    EXPECT_EQ(fits("", "0.0.0.0:6432"), "none");
    EXPECT_EQ(fits("", "unix:/run/weir/other"), "none");
}

TEST_F(InheritedSocketsTest, a_passed_socket_serves_the_listener_of_its_name) {
    const auto socket = loop::listen_on("127.0.0.1:0");
    environment["LISTEN_FDNAMES"] = "second";
    const auto passed = pass(socket->get());
    ASSERT_TRUE(passed) << passed.error().message;
    ASSERT_EQ(passed->size(), 1U);
    EXPECT_EQ(passed->front().address, "localhost:6433");
    EXPECT_FALSE(passed->front().owns_file);
    EXPECT_NE(::fcntl(passed->front().socket.get(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(::fcntl(passed->front().socket.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(InheritedSocketsTest, one_that_fits_no_listener_is_an_error_that_says_so) {
    const auto socket = loop::listen_on("127.0.0.1:0");
    environment["LISTEN_FDNAMES"] = "fifth";
    const auto passed = pass(socket->get());
    ASSERT_FALSE(passed);
    EXPECT_THAT(passed.error().message, HasSubstr("\"fifth\""));
    EXPECT_THAT(passed.error().message, HasSubstr(loop::bound_address(socket->get())));
}

TEST_F(InheritedSocketsTest, what_is_no_listening_socket_is_an_error) {
    const base::Fd file(::open("/dev/null", O_RDONLY));
    const auto passed = pass(file.get());
    ASSERT_FALSE(passed);
    EXPECT_THAT(passed.error().message, HasSubstr("no listening stream socket"));
}

TEST_F(InheritedSocketsTest, sockets_for_another_process_are_none_of_ours) {
    environment["LISTEN_PID"] = "1";
    const auto passed = passed_sockets(settings, environment, us, -1);
    ASSERT_TRUE(passed);
    EXPECT_TRUE(passed->empty());
    EXPECT_TRUE(passed_sockets(settings, {}, us)->empty());
}

}  // namespace
}  // namespace weir::proxy
