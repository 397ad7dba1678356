#include "pool/blame_matrix.h"

#include <gtest/gtest.h>

#include <numeric>

namespace weir::pool {
namespace {

using namespace std::chrono_literals;
using telemetry::WaitCause;

class BlameMatrixTest : public testing::Test {
  public:
    BlameMatrix matrix;
    base::Instant now{1h};

    void add(const std::string& waiting, const std::string& holding, std::uint64_t nanoseconds,
             WaitCause cause = WaitCause::budget) {
        matrix.add(waiting, holding, cause, nanoseconds, now);
    }
    std::uint64_t of(const std::string& waiting, const std::string& holding,
                     WaitCause cause = WaitCause::budget) const {
        std::uint64_t sum = 0;
        for (const BlamedPair& pair : matrix.read(now).pairs) {
            if (pair.waiting == waiting && pair.holding == holding && pair.cause == cause) {
                sum += pair.nanoseconds;
            }
        }
        return sum;
    }
};

TEST_F(BlameMatrixTest, adds_up_what_a_pair_waited_over_the_minutes) {
    add("a", "b", 5);
    add("b", "a", 1);
    now += 1min;
    add("a", "b", 7);
    add("a", "b", 3, WaitCause::pool_full);
    EXPECT_EQ(of("a", "b"), 12U);
    EXPECT_EQ(of("b", "a"), 1U);
    EXPECT_EQ(of("a", "b", WaitCause::pool_full), 3U);
    EXPECT_EQ(matrix.read(now).pairs.size(), 3U);
}

TEST_F(BlameMatrixTest, forgets_what_is_ten_minutes_old) {
    add("a", "b", 5);
    now += 9min;
    EXPECT_EQ(of("a", "b"), 5U);
    now += 1min;
    EXPECT_EQ(of("a", "b"), 0U);
    add("c", "d", 4);
    EXPECT_EQ(matrix.read(now).pairs.size(), 1U);
}

TEST_F(BlameMatrixTest, keeps_the_worst_pairs_and_the_sum_of_the_rest) {
    std::uint64_t all = 0;
    for (std::uint64_t i = 1; i <= 200; ++i) {
        add("tenant" + std::to_string(i), "noisy", i);
        all += i;
    }
    const BlameReading reading = matrix.read(now);
    EXPECT_EQ(reading.pairs.size(), BlameMatrix::pairs_a_minute);
    EXPECT_EQ(of("tenant200", "noisy"), 200U) << "the worst, though it came last";
    EXPECT_EQ(of("tenant1", "noisy"), 0U);
    const std::uint64_t listed = std::accumulate(
        reading.pairs.begin(), reading.pairs.end(), std::uint64_t{0},
        [](std::uint64_t sum, const BlamedPair& pair) { return sum + pair.nanoseconds; });
    EXPECT_EQ(listed + reading.rest_nanoseconds, all);
}

}  // namespace
}  // namespace weir::pool
