#include "telemetry/vocabulary.h"

#include <gtest/gtest.h>

#include <set>

namespace weir::telemetry {
namespace {

template <class E>
void expect_good_words(E last) {
    const auto& words = base::Words<E>::all;
    EXPECT_EQ(static_cast<std::size_t>(last) + 1, words.size());
    const std::set<std::string_view> unique(words.begin(), words.end());
    EXPECT_EQ(unique.size(), words.size());
    for (const std::string_view word : words) {
        EXPECT_FALSE(word.empty());
        EXPECT_EQ(word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos)
            << word;
    }
}

TEST(Vocabulary, every_value_has_one_word_of_its_own) {
    expect_good_words(ServerState::closing);
    expect_good_words(AcquireOutcome::error);
    expect_good_words(RejectReason::upstream_refused);
    expect_good_words(ServedSource::stolen);
    expect_good_words(WaitCause::breaker);
    expect_good_words(CreateFailure::protocol);
    expect_good_words(ReleaseResult::broken);
    expect_good_words(ReapReason::config);
    expect_good_words(PinReason::other);
    expect_good_words(LeakAction::close);
    expect_good_words(ClientState::waiting);
    expect_good_words(ClientClose::leak);
    expect_good_words(AuthFailure::method);
    expect_good_words(QueryOutcome::error);
    expect_good_words(TransactionEnd::abandoned);
    expect_good_words(BreakerState::half_open);
    expect_good_words(TenantState::disabled);
    expect_good_words(Holder::other_tenant);
    expect_good_words(Side::upstream);
    expect_good_words(Direction::out);
}

TEST(Vocabulary, words_stand_in_the_order_of_their_values) {
    EXPECT_EQ(base::word(ServerState::pinned), "pinned");
    EXPECT_EQ(base::word(RejectReason::tenant_disabled), "tenant_disabled");
    EXPECT_EQ(base::word(WaitCause::state_sync), "state_sync");
    EXPECT_EQ(base::word(CreateFailure::too_many), "too_many");
    EXPECT_EQ(base::word(ReapReason::server_closed), "server_closed");
    EXPECT_EQ(base::word(PinReason::user_variable), "user_variable");
    EXPECT_EQ(base::word(ClientClose::upstream_lost), "upstream_lost");
    EXPECT_EQ(base::word(TenantState::waiting), "waiting");
}

}  // namespace
}  // namespace weir::telemetry
