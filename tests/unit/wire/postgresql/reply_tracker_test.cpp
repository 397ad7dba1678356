#include "wire/postgresql/reply_tracker.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

#include "wire/postgresql/tracker_against_model.h"

namespace weir::wire::postgresql {
namespace {

using Verdict = ReplyTracker::Verdict;

class ReplyTrackerTest : public ::testing::Test {
  protected:
    void send(std::string_view types, bool hidden = false) {
        for (const char type : types) tracker_.sent(type, hidden);
    }
    Verdict reply(char type, char status = 'I') {
        return tracker_.replied(type, type == 'Z' ? std::string_view(&status, 1) : "");
    }
    // Every one of `types` belongs to the client, and nothing is settled before the last.
    void forwards(std::string_view types) {
        for (const char type : types) {
            EXPECT_FALSE(tracker_.settled()) << "before " << type << " of " << types;
            EXPECT_EQ(reply(type), Verdict::forward) << type << " of " << types;
        }
    }
    ReplyTracker tracker_;
};

TEST_F(ReplyTrackerTest, a_fresh_connection_is_settled) {
    EXPECT_TRUE(tracker_.settled());
    EXPECT_EQ(tracker_.status(), TransactionStatus::idle);
}

TEST_F(ReplyTrackerTest, a_query_is_settled_by_its_ready_for_query) {
    send("Q");
    EXPECT_EQ(tracker_.ready_due(), 1U);
    forwards("TDDCZ");
    EXPECT_TRUE(tracker_.settled());
    EXPECT_EQ(tracker_.ready_due(), 0U);
}

TEST_F(ReplyTrackerTest, ready_for_query_tells_the_transaction_status) {
    send("Q");
    forwards("C");
    EXPECT_EQ(reply('Z', 'T'), Verdict::forward);
    EXPECT_EQ(tracker_.status(), TransactionStatus::in_transaction);
    send("Q");
    forwards("E");
    EXPECT_EQ(reply('Z', 'E'), Verdict::forward);
    EXPECT_EQ(tracker_.status(), TransactionStatus::failed);
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, several_statements_of_one_query_give_one_ready_for_query) {
    send("Q");
    forwards("CTDCCTCZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, an_empty_query_is_answered_as_such) {
    send("Q");
    forwards("IZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, an_error_ends_a_query_at_any_statement) {
    send("Q");
    forwards("CTDEZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, an_extended_batch_is_settled_by_its_sync) {
    send("PBDE");
    EXPECT_TRUE(tracker_.batch_open());
    send("S");
    EXPECT_FALSE(tracker_.batch_open());
    forwards("12TDDCZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, a_batch_without_sync_is_not_settled_by_its_answers) {
    send("PBEH");
    forwards("12C");
    EXPECT_FALSE(tracker_.settled());
    EXPECT_TRUE(tracker_.batch_open());
    EXPECT_EQ(tracker_.ready_due(), 0U);
    send("S");
    forwards("Z");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, flush_alone_asks_for_nothing) {
    send("H");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, describe_of_a_statement_gives_parameters_and_columns) {
    send("PDS");
    forwards("1tTZ");
    send("PDS");
    forwards("1tnZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, parameters_are_described_once) {
    send("D");
    forwards("t");
    EXPECT_EQ(reply('t'), Verdict::desync);
}

TEST_F(ReplyTrackerTest, a_suspended_portal_ends_its_execute) {
    send("BEHE");
    forwards("2DsDC");
    send("CS");
    forwards("3Z");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, an_empty_portal_ends_its_execute) {
    send("PBES");
    forwards("12IZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, the_first_ready_for_query_of_a_pipeline_is_not_its_end) {
    send("PBESQPBESF");
    EXPECT_EQ(tracker_.ready_due(), 4U);
    forwards("12CZTDCZ12CZVZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, an_error_skips_to_the_next_sync_and_no_further) {
    send("PBESPBES");
    forwards("EZ12CZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, an_error_skips_a_query_inside_of_the_batch) {
    send("PBEQS");
    EXPECT_EQ(tracker_.ready_due(), 2U);
    forwards("1E");
    EXPECT_EQ(tracker_.ready_due(), 1U);
    forwards("Z");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, messages_sent_after_an_error_wait_for_the_sync) {
    send("PBE");
    forwards("E");
    EXPECT_TRUE(tracker_.batch_open());
    send("PBEQ");
    EXPECT_EQ(tracker_.ready_due(), 0U);
    send("S");
    EXPECT_FALSE(tracker_.batch_open());
    forwards("Z");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, a_query_ends_an_open_batch) {
    send("PBEQ");
    EXPECT_FALSE(tracker_.batch_open());
    forwards("12CCZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, a_commit_that_fails_at_sync_gives_error_and_ready_for_query) {
    send("BES");
    forwards("2CEZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, a_function_call_ends_in_ready_for_query) {
    send("F");
    forwards("VZ");
    send("F");
    forwards("EZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, copy_in_of_a_query_runs_from_response_to_copy_done) {
    send("Q");
    EXPECT_FALSE(tracker_.copying_in());
    forwards("G");
    EXPECT_TRUE(tracker_.copying_in());
    send("ddSHdc");
    EXPECT_FALSE(tracker_.copying_in());
    forwards("CZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, two_copies_of_one_query_run_one_after_the_other) {
    send("Q");
    forwards("G");
    send("dc");
    forwards("CG");
    EXPECT_TRUE(tracker_.copying_in());
    send("df");
    forwards("EZ");
    EXPECT_TRUE(tracker_.settled());
}

// libpq, PQexecParams("COPY … FROM STDIN"): the first Sync is eaten by the COPY.
TEST_F(ReplyTrackerTest, copy_in_of_an_extended_batch_ignores_the_sync_before_its_data) {
    send("PBDES");
    EXPECT_EQ(tracker_.ready_due(), 1U);
    forwards("12nG");
    EXPECT_TRUE(tracker_.copying_in());
    EXPECT_EQ(tracker_.ready_due(), 0U);
    send("dddcS");
    EXPECT_EQ(tracker_.ready_due(), 1U);
    forwards("CZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, the_batch_stays_open_behind_a_copy_that_ate_its_sync) {
    send("BES");
    forwards("2G");
    send("c");
    forwards("C");
    EXPECT_FALSE(tracker_.settled());
    EXPECT_TRUE(tracker_.batch_open());
    send("S");
    forwards("Z");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, copy_in_may_be_pipelined_with_its_data) {
    send("PBESddcSQ");
    forwards("12G");
    EXPECT_FALSE(tracker_.copying_in());
    forwards("CZCZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, a_copy_that_is_refused_eats_no_sync) {
    send("PBESddcS");
    forwards("12EZZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, copy_data_after_a_failed_copy_is_of_no_effect) {
    send("Q");
    forwards("GEZ");
    EXPECT_TRUE(tracker_.settled());
    send("ddc");
    EXPECT_TRUE(tracker_.settled());
    send("Q");
    forwards("CZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, a_failed_extended_copy_skips_to_the_sync_behind_its_end) {
    send("BE");
    forwards("2G");
    send("dd");
    forwards("E");
    EXPECT_TRUE(tracker_.batch_open());
    send("dcS");
    forwards("Z");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, a_failed_copy_with_syncs_behind_it_is_in_doubt_until_another_answer) {
    send("BES");
    forwards("2G");
    send("dcS");
    forwards("EZ");
    EXPECT_TRUE(tracker_.in_doubt());
    EXPECT_FALSE(tracker_.settled());
    send("Q", true);
    EXPECT_EQ(reply('I'), Verdict::swallow);
    EXPECT_FALSE(tracker_.in_doubt());
    EXPECT_EQ(reply('Z'), Verdict::swallow);
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, a_copy_that_failed_before_it_read_answers_its_sync_too) {
    send("BES");
    forwards("2G");
    send("dcS");
    forwards("EZZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, copy_out_runs_to_its_command_complete) {
    send("Q");
    forwards("HddcCZ");
    send("BES");
    forwards("2HdcCZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, copy_out_may_fail_in_the_middle) {
    send("QBES");
    forwards("HdEZ2HdEZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, copy_both_is_a_desync) {
    send("Q");
    EXPECT_EQ(reply('W'), Verdict::desync);
}

TEST_F(ReplyTrackerTest, asynchronous_messages_are_no_answers) {
    for (const char type : {'N', 'S', 'A'}) EXPECT_EQ(reply(type), Verdict::async);
    send("Q", true);
    for (const char type : {'N', 'S', 'A'}) EXPECT_EQ(reply(type), Verdict::async);
    EXPECT_EQ(tracker_.ready_due(), 1U);
}

TEST_F(ReplyTrackerTest, an_error_that_nothing_asked_for_is_a_farewell) {
    EXPECT_EQ(reply('E'), Verdict::farewell);
    send("P");
    forwards("1");
    EXPECT_EQ(reply('E'), Verdict::farewell);
}

TEST_F(ReplyTrackerTest, replies_to_hidden_messages_are_swallowed) {
    send("Q", true);
    send("Q");
    EXPECT_EQ(reply('C'), Verdict::swallow);
    EXPECT_EQ(reply('Z'), Verdict::swallow);
    forwards("CZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, the_error_of_a_hidden_query_is_swallowed) {
    send("Q", true);
    EXPECT_EQ(reply('E'), Verdict::swallow);
    EXPECT_EQ(reply('Z'), Verdict::swallow);
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, the_error_of_a_hidden_parse_in_a_clients_batch_is_the_clients) {
    send("P", true);
    send("BES");
    forwards("EZ");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, the_error_of_a_hidden_batch_is_swallowed) {
    send("PBES", true);
    EXPECT_EQ(reply('1'), Verdict::swallow);
    EXPECT_EQ(reply('E'), Verdict::swallow);
    EXPECT_EQ(reply('Z'), Verdict::swallow);
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerTest, answers_that_nothing_asked_for_are_desyncs) {
    for (const char type : std::string_view("123TDCIZtnsVGHdcKR")) {
        tracker_.reset();
        EXPECT_EQ(reply(type), Verdict::desync) << type;
    }
}

TEST_F(ReplyTrackerTest, answers_to_another_question_are_desyncs) {
    const struct {
        char sent;
        std::string_view wrong;
    } cases[] = {{'Q', "Z12stnDdcV"}, {'P', "2TCZ"},   {'B', "1TCZ"},  {'C', "12CZ"},
                 {'D', "12CDZ"},      {'E', "123TZn"}, {'S', "1TCDI"}, {'F', "ZTC"}};
    for (const auto& c : cases) {
        for (const char wrong : c.wrong) {
            tracker_.reset();
            tracker_.sent(c.sent);
            EXPECT_EQ(reply(wrong), Verdict::desync) << c.sent << " answered by " << wrong;
        }
    }
}

TEST_F(ReplyTrackerTest, ready_for_query_without_a_known_status_is_a_desync) {
    send("SSS");
    EXPECT_EQ(tracker_.replied('Z', ""), Verdict::desync);
    EXPECT_EQ(tracker_.replied('Z', "II"), Verdict::desync);
    EXPECT_EQ(tracker_.replied('Z', "x"), Verdict::desync);
}

TEST_F(ReplyTrackerTest, a_pipeline_longer_than_the_ring_keeps_its_order) {
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 100; ++i) send("PBES");
        EXPECT_EQ(tracker_.ready_due(), 100U);
        for (int i = 0; i < 100; ++i) forwards("12CZ");
        EXPECT_TRUE(tracker_.settled());
    }
}

TEST_F(ReplyTrackerTest, reset_forgets_everything) {
    send("PBESQ");
    forwards("12");
    tracker_.reset();
    EXPECT_TRUE(tracker_.settled());
    EXPECT_EQ(tracker_.ready_due(), 0U);
}

TEST(ReplyTrackerAgainstModel, agrees_with_a_server_in_random_conversations) {
    std::mt19937 random(20240229);
    for (int round = 0; round < 20000; ++round) {
        std::string bytes(random() % 160, '\0');
        for (char& byte : bytes) byte = static_cast<char>(random());
        ASSERT_EQ(test::TrackedConversation(bytes).run(), "") << "round " << round;
    }
}

using Outcome = ReplyTracker::Outcome;

class ReplyTrackerNotes : public ReplyTrackerTest {
  protected:
    void note(char type, std::uint32_t number, bool hidden = false) {
        tracker_.sent(type, hidden, number);
    }
    std::string ends() {
        std::string told;
        for (const auto& end : tracker_.ends()) {
            told += std::to_string(end.note);
            told += end.outcome == Outcome::succeeded ? '+'
                    : end.outcome == Outcome::failed  ? '-'
                                                      : '~';
        }
        tracker_.ends().clear();
        return told;
    }
};

TEST_F(ReplyTrackerNotes, a_noted_message_is_told_when_it_is_answered) {
    note('P', 7);
    note('B', 0);
    note('P', 8, true);
    send("ES");
    EXPECT_EQ(reply('1'), Verdict::forward);
    EXPECT_EQ(ends(), "7+");
    forwards("2");
    EXPECT_EQ(reply('1'), Verdict::swallow);
    EXPECT_EQ(ends(), "8+");
    forwards("CZ");
    EXPECT_EQ(ends(), "");
}

TEST_F(ReplyTrackerNotes, an_error_fails_one_and_skips_the_rest_of_the_batch) {
    note('P', 1);
    note('P', 2);
    note('C', 3);
    send("S");
    note('P', 4);
    send("S");
    forwards("1E");
    EXPECT_EQ(ends(), "1+2-3~");
    forwards("Z1Z");
    EXPECT_EQ(ends(), "4+");
}

TEST_F(ReplyTrackerNotes, what_is_sent_before_the_sync_of_a_failed_batch_is_skipped) {
    send("P");
    forwards("E");
    note('P', 5);
    tracker_.sent_here('3', 6);
    EXPECT_FALSE(tracker_.due_here());
    EXPECT_EQ(ends(), "5~6~");
    send("S");
    forwards("Z");
}

TEST_F(ReplyTrackerNotes, a_query_is_noted_as_failed_by_its_error) {
    note('Q', 1);
    note('Q', 2);
    forwards("EZCZ");
    EXPECT_EQ(ends(), "1-2+");
}

TEST_F(ReplyTrackerNotes, an_answer_from_here_waits_for_its_turn) {
    send("B");
    tracker_.sent_here('3', 9);
    send("S");
    EXPECT_FALSE(tracker_.due_here());
    forwards("2");
    ASSERT_TRUE(tracker_.due_here());
    EXPECT_EQ(tracker_.answer_here(), '3');
    EXPECT_EQ(ends(), "9+");
    forwards("Z");
    EXPECT_TRUE(tracker_.settled());
}

TEST_F(ReplyTrackerNotes, an_answer_from_here_is_due_at_once_when_nothing_is_before_it) {
    tracker_.sent_here('1', 0);
    ASSERT_TRUE(tracker_.due_here());
    EXPECT_EQ(tracker_.answer_here(), '1');
    EXPECT_FALSE(tracker_.settled()) << "its batch is open";
    send("S");
    forwards("Z");
}

TEST_F(ReplyTrackerNotes, a_server_that_answers_in_place_of_us_is_out_of_step) {
    send("B");
    tracker_.sent_here('3', 0);
    forwards("2");
    EXPECT_EQ(reply('3'), Verdict::desync);
}

TEST_F(ReplyTrackerNotes, an_answer_from_here_behind_a_copy_is_not_its_data) {
    send("E");
    tracker_.sent_here('3', 4);
    send("S");
    forwards("G");
    send("cS");
    forwards("C");
    ASSERT_TRUE(tracker_.due_here());
    (void)tracker_.answer_here();
    forwards("Z");
}

}  // namespace
}  // namespace weir::wire::postgresql
