#include "collectors/servers/observer.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

#include "collectors/servers/silent_server.h"

namespace weir::collectors {
namespace {

using namespace std::chrono_literals;

settings::Settings observing(const std::string& address) {
    settings::Settings settings;
    settings::Upstream upstream;
    upstream.name = "cache";
    upstream.engine = settings::Engine::redis;
    upstream.address = address;
    upstream.connect_timeout = 1h;
    upstream.observe.every = 1h;
    upstream.observe.user = "default";
    settings.upstream.push_back(upstream);
    return settings;
}

class ObserverTest : public ::testing::Test {
  protected:
    telemetry::Registry registry_;
    testing::SilentServer server_;
};

TEST_F(ObserverTest, without_a_user_nothing_is_asked) {
    testing::CountedAccess access(1);
    Observer observer(registry_, access);
    settings::Settings settings = observing(server_.place().port);
    settings.upstream[0].observe.user.clear();
    observer.follow(settings);
    EXPECT_TRUE(registry_.servers().empty());
}

TEST_F(ObserverTest, a_poll_under_way_has_a_seat_and_holds_up_no_end) {
    testing::CountedAccess access(1);
    Observer observer(registry_, access);
    observer.follow(observing(server_.place().port));
    const base::Fd connection = server_.accept();  // it has come so far, and gets no answer
    EXPECT_EQ(access.taken(), 1);
    observer.stop();
    EXPECT_EQ(access.taken(), 0);
    ASSERT_EQ(registry_.servers().size(), 1U);
    EXPECT_FALSE(registry_.servers()[0].probe->seen().up);
}

TEST_F(ObserverTest, an_unchanged_watch_goes_on_through_a_reload) {
    testing::CountedAccess access(1);
    Observer observer(registry_, access);
    observer.follow(observing(server_.place().port));
    const base::Fd connection = server_.accept();
    observer.follow(observing(server_.place().port));
    pollfd polled{connection.get(), POLLRDHUP, 0};
    EXPECT_EQ(::poll(&polled, 1, 0), 0) << "the poll under way was broken off";
}

TEST_F(ObserverTest, a_changed_one_begins_anew_and_a_removed_one_is_forgotten) {
    testing::CountedAccess access(1);
    Observer observer(registry_, access);
    observer.follow(observing(server_.place().port));
    const base::Fd before = server_.accept();
    settings::Settings changed = observing(server_.place().port);
    changed.upstream[0].observe.password = settings::Secret::of("other");
    observer.follow(changed);
    const base::Fd after = server_.accept();
    EXPECT_EQ(registry_.servers().size(), 1U);
    observer.follow(settings::Settings());
    EXPECT_TRUE(registry_.servers().empty());
    EXPECT_EQ(access.taken(), 0);
}

TEST_F(ObserverTest, without_a_free_seat_no_connection_is_made) {
    testing::CountedAccess access(0);
    Observer observer(registry_, access);
    observer.follow(observing(server_.place().port));
    while (!registry_.servers()[0].probe->seen().polled) std::this_thread::yield();
    EXPECT_FALSE(registry_.servers()[0].probe->seen().up);
    observer.stop();
}

}  // namespace
}  // namespace weir::collectors
