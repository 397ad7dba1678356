#include "proxy/process_id.h"

#include <gtest/gtest.h>

namespace weir::proxy {
namespace {

TEST(ProcessIdTest, its_parts_are_found_again_and_it_is_positive) {
    for (const std::uint32_t generation : {0U, 1U, 3U}) {
        for (const std::uint32_t loop : {0U, 1U, 127U}) {
            for (const std::uint32_t number : {1U, 77U, ProcessId::numbers - 1}) {
                const std::uint32_t bits = ProcessId{generation, loop, number}.bits();
                EXPECT_LT(bits, 1U << 31U);
                const ProcessId again = ProcessId::of(bits);
                EXPECT_EQ(again.generation, generation);
                EXPECT_EQ(again.loop, loop);
                EXPECT_EQ(again.number, number);
            }
        }
    }
}

TEST(ProcessIdTest, no_bits_give_parts_that_there_are_not) {
    const ProcessId most = ProcessId::of(0xffffffff);
    EXPECT_LT(most.generation, ProcessId::generations);
    EXPECT_LT(most.loop, ProcessId::loops);
    EXPECT_LT(most.number, ProcessId::numbers);
}

}  // namespace
}  // namespace weir::proxy
