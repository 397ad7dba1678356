#include "pool/server_state.h"

#include <gtest/gtest.h>

namespace weir::pool {
namespace {

TEST(ServerStateTest, nothing_follows_closing) {
    for (unsigned to = 0; to < base::word_count<ServerState>; ++to) {
        EXPECT_FALSE(may_follow(ServerState::closing, static_cast<ServerState>(to)));
    }
}

TEST(ServerStateTest, every_living_state_may_close) {
    for (unsigned from = 0; from < base::word_count<ServerState>; ++from) {
        const auto state = static_cast<ServerState>(from);
        EXPECT_EQ(may_follow(state, ServerState::closing), state != ServerState::closing);
    }
}

TEST(ServerStateTest, a_used_connection_may_be_handed_to_the_next) {
    EXPECT_TRUE(may_follow(ServerState::used, ServerState::used));
}

TEST(ServerStateTest, a_pinned_connection_never_becomes_idle_directly) {
    EXPECT_FALSE(may_follow(ServerState::pinned, ServerState::idle));
}

TEST(ServerStateTest, nothing_becomes_connecting) {
    for (unsigned from = 0; from < base::word_count<ServerState>; ++from) {
        EXPECT_FALSE(may_follow(static_cast<ServerState>(from), ServerState::connecting));
    }
}

}  // namespace
}  // namespace weir::pool
