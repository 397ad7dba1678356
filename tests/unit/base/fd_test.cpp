#include "base/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace weir::base {
namespace {

int opened() { return ::open("/dev/null", O_RDONLY); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

TEST(Fd, closes_what_it_owns_when_it_dies) {
    const int raw = opened();
    {
        const Fd fd(raw);
        EXPECT_TRUE(fd);
        EXPECT_TRUE(is_open(raw));
    }
    EXPECT_FALSE(is_open(raw));
}

TEST(Fd, a_move_hands_over_and_closes_what_was_there) {
    const int first = opened();
    const int second = opened();
    Fd one(first);
    Fd two(second);
    two = std::move(one);
    EXPECT_FALSE(is_open(second));
    EXPECT_EQ(two.get(), first);
    EXPECT_FALSE(one);  // NOLINT(bugprone-use-after-move): this is what is tested
    EXPECT_TRUE(is_open(first));
}

TEST(Fd, what_is_released_stays_open) {
    const int raw = opened();
    int kept = -1;
    {
        Fd fd(raw);
        kept = fd.release();
    }
    EXPECT_TRUE(is_open(kept));
    const Fd closes_it(kept);
}

TEST(Fd, owns_nothing_at_first_and_after_a_reset) {
    EXPECT_FALSE(Fd());
    const int raw = opened();
    Fd fd(raw);
    fd.reset();
    EXPECT_FALSE(fd);
    EXPECT_FALSE(is_open(raw));
}

}  // namespace
}  // namespace weir::base
