#include "proxy/succession.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace weir::proxy {
namespace {

TEST(SuccessionTest, one_request_is_taken_once_and_a_second_one_meanwhile_is_refused) {
    Succession succession;
    EXPECT_FALSE(succession.take_request());
    ASSERT_TRUE(succession.request());
    EXPECT_TRUE(succession.status().starting);
    EXPECT_FALSE(succession.request());
    EXPECT_TRUE(succession.take_request());
    EXPECT_FALSE(succession.take_request());
    EXPECT_FALSE(succession.request()) << "still under way";
}

TEST(SuccessionTest, a_failure_is_told_until_the_next_try) {
    Succession succession;
    ASSERT_TRUE(succession.request());
    ASSERT_TRUE(succession.take_request());
    succession.failed("no such file");
    EXPECT_FALSE(succession.status().starting);
    EXPECT_EQ(succession.status().error, "no such file");
    ASSERT_TRUE(succession.request());
    EXPECT_EQ(succession.status().error, "");
}

TEST(SuccessionTest, a_reason_against_it_is_the_answer_while_it_lasts) {
    Succession succession;
    succession.refuse_for("process 7 still finishes");
    const auto asked = succession.request();
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().kind, Refused::Kind::busy);
    EXPECT_EQ(asked.error().message, "process 7 still finishes");
    EXPECT_FALSE(succession.take_request());
    succession.refuse_for("");
    EXPECT_TRUE(succession.request());
}

TEST(SuccessionTest, processes_are_named) {
    Succession succession;
    succession.predecessor(7);
    EXPECT_EQ(succession.status().process, ::getpid());
    EXPECT_EQ(succession.status().predecessor, 7);
}

}  // namespace
}  // namespace weir::proxy
