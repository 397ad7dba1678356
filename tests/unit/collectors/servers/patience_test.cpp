#include "collectors/servers/patience.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "base/fd.h"

namespace weir::collectors {
namespace patience_test {

using namespace std::chrono_literals;

class PatienceTest : public ::testing::Test {
  protected:
    [[nodiscard]] Patience until(base::Instant then) const { return {stop_.get(), then}; }
    base::Fd stop_{::eventfd(0, EFD_CLOEXEC)};
    base::Fd awaited_{::eventfd(0, EFD_CLOEXEC)};
};

TEST_F(PatienceTest, what_is_ready_is_told_though_the_time_is_up) {
    ::eventfd_write(awaited_.get(), 1);
    const auto came = until(base::Clock::now() - 1s).wait_for(awaited_.get(), POLLIN);
    ASSERT_TRUE(came.has_value());
    EXPECT_EQ(*came, POLLIN);
}

TEST_F(PatienceTest, ends_when_the_time_is_up) {
    const auto came = until(base::Clock::now()).wait_for(awaited_.get(), POLLIN);
    ASSERT_FALSE(came.has_value());
    EXPECT_EQ(came.error().message, "no answer in time");
    EXPECT_TRUE(until(base::Clock::now()).sit_out());
}

TEST_F(PatienceTest, a_stop_ends_it_before_anything_else) {
    ::eventfd_write(stop_.get(), 1);
    ::eventfd_write(awaited_.get(), 1);
    const auto came = until(base::Clock::now() + 1h).wait_for(awaited_.get(), POLLIN);
    ASSERT_FALSE(came.has_value());
    EXPECT_EQ(came.error().message, "stopped");
    EXPECT_FALSE(until(base::Clock::now() + 1h).sit_out());
}

TEST_F(PatienceTest, a_part_is_over_before_the_whole) {
    const Patience whole = until(base::Clock::now() + 1h);
    const Patience part = whole.part(3'600'000);
    EXPECT_TRUE(part.sit_out());
}

}  // namespace patience_test
}  // namespace weir::collectors
