#include "proxy/redis_errors.h"

#include <gtest/gtest.h>

namespace weir::proxy {
namespace {

TEST(RedisErrors, an_error_is_one_line_whatever_it_quotes) {
    EXPECT_EQ(redis_error("ERR a\r\n+OK\r\nb"), "-ERR a  +OK  b\r\n");
}

TEST(RedisErrors, each_reason_has_the_code_that_drivers_know) {
    EXPECT_EQ(redis_error(wrong_password("ann")).substr(0, 11), "-WRONGPASS ");
    EXPECT_EQ(redis_error(pool_not_allowed("ann", "p")),
              "-NOPERM user \"ann\" may not use pool \"p\"\r\n");
    EXPECT_EQ(redis_error(draining()).substr(0, 19), "-ERR shutting down:");
    EXPECT_EQ(redis_error(no_pool("9")).substr(0, 5), "-ERR ");
}

TEST(RedisErrors, an_acquire_that_failed_says_how) {
    pool::Refusal refusal;
    refusal.outcome = pool::AcquireOutcome::timeout;
    EXPECT_EQ(redis_error(refusal, {"53300", "acquiring", {}}), "-ERR pool timeout: acquiring\r\n");
    refusal.outcome = pool::AcquireOutcome::error;
    EXPECT_EQ(redis_error(refusal, {"28P01", "WRONGPASS no", {}}),
              "-ERR upstream refused the pool's connection: WRONGPASS no\r\n");
}

}  // namespace
}  // namespace weir::proxy
