#include "cli/test_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::cli {
namespace {

using ::testing::HasSubstr;

TrafficResult traffic() {
    TrafficResult result;
    result.transactions = 1000;
    result.seconds = 5;
    result.p50_seconds = 0.001;
    return result;
}

TEST(TestReport, tells_transactions_reuse_and_waits) {
    const std::string text = test_report(traffic(), PoolUsage{1000, 1, 1000, 0.5});
    EXPECT_THAT(text, HasSubstr("1000 in 5.0 s (200 a second)"));
    EXPECT_THAT(text, HasSubstr("errors        0\n"));
    EXPECT_THAT(text, HasSubstr("99.9 % (1 new connection for 1000 acquires)"));
    EXPECT_THAT(text, HasSubstr("mean 500 µs"));
}

TEST(TestReport, tells_the_first_error) {
    TrafficResult result = traffic();
    result.errors = 2;
    result.first_error = "no such pool";
    EXPECT_THAT(test_report(result, std::nullopt), HasSubstr("2: no such pool\n"));
}

TEST(TestReport, says_when_reuse_is_not_known) {
    EXPECT_THAT(test_report(traffic(), std::nullopt), HasSubstr("does not answer"));
    EXPECT_THAT(test_report(traffic(), PoolUsage{}), HasSubstr("counted no acquire"));
}

TEST(Quantile, is_a_value_that_was_there) {
    std::vector<float> values{5, 1, 4, 2, 3};
    EXPECT_EQ(quantile(values, 0.5), 3);
    EXPECT_EQ(quantile(values, 1), 5);
    EXPECT_EQ(quantile(values, 0), 1);
    std::vector<float> none;
    EXPECT_EQ(quantile(none, 0.5), 0);
}

}  // namespace
}  // namespace weir::cli
