#include "proxy/unnamed_statement.h"

#include <gtest/gtest.h>

namespace weir::proxy {
namespace {

using Need = UnnamedStatement::Need;
using Outcome = UnnamedStatement::Outcome;

class UnnamedStatementTest : public ::testing::Test {
  protected:
    void parse(std::string message, std::uint64_t batch) {
        statement_.parse_sent(message, {}, batch);
    }
    // Parsed and confirmed on some connection.
    void known(const std::string& message) {
        parse(message, 0);
        statement_.parse_ended(Outcome::succeeded);
    }
    UnnamedStatement statement_;
};

TEST_F(UnnamedStatementTest, without_one_a_strangers_must_be_closed_first) {
    statement_.linked();
    EXPECT_EQ(statement_.before_use(1), Need::carrying);
    EXPECT_TRUE(statement_.text().empty());
}

TEST_F(UnnamedStatementTest, another_connection_needs_its_text) {
    known("one");
    EXPECT_EQ(statement_.before_use(1), Need::nothing);
    statement_.linked();
    EXPECT_EQ(statement_.before_use(1), Need::carrying);
    EXPECT_EQ(statement_.text(), "one");
}

TEST_F(UnnamedStatementTest, in_the_batch_of_its_parse_it_is_there) {
    statement_.linked();
    parse("one", 7);
    EXPECT_EQ(statement_.before_use(7), Need::nothing);
    EXPECT_EQ(statement_.before_use(8), Need::patience) << "the batch may have been skipped";
    statement_.parse_ended(Outcome::succeeded);
    EXPECT_EQ(statement_.before_use(8), Need::nothing);
}

TEST_F(UnnamedStatementTest, one_that_was_skipped_leaves_the_one_before) {
    known("before");
    statement_.linked();
    parse("skipped", 1);
    parse("skipped too", 1);
    statement_.parse_ended(Outcome::skipped);
    statement_.parse_ended(Outcome::skipped);
    EXPECT_EQ(statement_.text(), "before");
    EXPECT_EQ(statement_.before_use(2), Need::carrying) << "the connection may have a stranger's";
}

TEST_F(UnnamedStatementTest, one_that_fails_ends_the_one_before) {
    known("before");
    parse("refused", 1);
    statement_.parse_ended(Outcome::failed);
    EXPECT_TRUE(statement_.text().empty());
    EXPECT_FALSE(statement_.may_exist());
    EXPECT_EQ(statement_.before_use(2), Need::nothing) << "the server has none, either";
}

TEST_F(UnnamedStatementTest, of_several_the_last_that_succeeded_counts) {
    parse("one", 1);
    parse("two", 1);
    parse("three", 1);
    statement_.parse_ended(Outcome::succeeded);
    statement_.parse_ended(Outcome::succeeded);
    statement_.parse_ended(Outcome::skipped);
    EXPECT_EQ(statement_.text(), "two");
    EXPECT_EQ(statement_.before_use(2), Need::nothing);
}

TEST_F(UnnamedStatementTest, a_query_ends_it_even_when_it_fails) {
    known("one");
    statement_.change_sent(1);
    statement_.end_ended(Outcome::failed);
    EXPECT_FALSE(statement_.may_exist());
    known("two");
    statement_.change_sent(2);
    statement_.end_ended(Outcome::skipped);
    EXPECT_EQ(statement_.text(), "two");
}

TEST_F(UnnamedStatementTest, what_was_not_carried_is_not_here) {
    known("one");
    statement_.linked();
    statement_.change_sent(1);
    statement_.carry_ended(Outcome::skipped);
    EXPECT_EQ(statement_.before_use(2), Need::carrying);
    statement_.change_sent(2);
    statement_.carry_ended(Outcome::succeeded);
    EXPECT_EQ(statement_.before_use(3), Need::nothing);
    statement_.displaced();
    EXPECT_EQ(statement_.before_use(4), Need::carrying);
}

}  // namespace
}  // namespace weir::proxy
