#include "upstream/canceller.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <vector>

#include "upstream/postgresql_server.h"

namespace weir::upstream {
namespace {

using testing::ask;
using testing::dial_and_wait;
using testing::PostgresqlServer;
using testing::read_answer;
using testing::send_query;

constexpr auto ample = std::chrono::minutes(5);

// A server that takes the request and answers when it is told to.
class StuckHandle final : public CancelHandle {
  public:
    bool cancel() override {
        ++entered;
        released_.wait();
        return true;
    }
    void release() { release_.set_value(); }
    std::atomic<int> entered = 0;

  private:
    std::promise<void> release_;
    std::shared_future<void> released_ = release_.get_future().share();
};

class PromptHandle final : public CancelHandle {
  public:
    explicit PromptHandle(bool outcome) : outcome_(outcome) {}
    bool cancel() override { return outcome_; }

  private:
    bool outcome_;
};

std::future<bool> ask_to_cancel(Canceller& canceller, std::shared_ptr<CancelHandle> handle,
                                base::Duration deadline) {
    auto answer = std::make_shared<std::promise<bool>>();
    auto future = answer->get_future();
    // A second call would throw in set_value() and end the program.
    canceller.cancel(std::move(handle), deadline,
                     [answer](bool delivered) { answer->set_value(delivered); });
    return future;
}

TEST(Canceller, cancels_what_runs_on_a_real_server) {
    const auto dialer = make_postgresql_dialer(PostgresqlServer::instance().upstream());
    const DialResult connection = dial_and_wait(*dialer, PostgresqlServer::request());
    ASSERT_TRUE(connection) << connection.error().message;
    const DialResult watcher = dial_and_wait(*dialer, PostgresqlServer::request());
    ASSERT_TRUE(watcher) << watcher.error().message;
    send_query(*connection, "SELECT pg_sleep(300)");
    const std::string running = "SELECT wait_event FROM pg_stat_activity WHERE pid = " +
                                std::to_string(connection->backend_pid);
    while (ask(*watcher, running) != "PgSleep") {
    }
    const auto canceller = make_canceller();
    EXPECT_TRUE(ask_to_cancel(*canceller, connection->cancel, ample).get());
    EXPECT_EQ(read_answer(*connection), "57014");
    EXPECT_EQ(ask(*connection, "SELECT 1"), "1");
}

TEST(Canceller, a_handle_outlives_its_connection_harmlessly) {
    const auto dialer = make_postgresql_dialer(PostgresqlServer::instance().upstream());
    DialResult connection = dial_and_wait(*dialer, PostgresqlServer::request());
    ASSERT_TRUE(connection) << connection.error().message;
    const auto handle = connection->cancel;
    connection->connection.reset();
    const auto canceller = make_canceller();
    // The server takes a cancel for nobody, too, and says nothing.
    EXPECT_TRUE(ask_to_cancel(*canceller, handle, ample).get());
}

TEST(Canceller, tells_what_the_request_came_to) {
    const auto canceller = make_canceller();
    EXPECT_TRUE(ask_to_cancel(*canceller, std::make_shared<PromptHandle>(true), ample).get());
    EXPECT_FALSE(ask_to_cancel(*canceller, std::make_shared<PromptHandle>(false), ample).get());
}

TEST(Canceller, a_request_not_taken_by_its_deadline_failed) {
    const auto canceller = make_canceller();
    const auto stuck = std::make_shared<StuckHandle>();
    EXPECT_FALSE(ask_to_cancel(*canceller, stuck, std::chrono::milliseconds(30)).get());
    stuck->release();
}

TEST(Canceller, hung_requests_delay_others_only_until_their_own_deadline) {
    const auto canceller = make_canceller();
    const auto stuck = std::make_shared<StuckHandle>();
    std::vector<std::future<bool>> hung;
    for (int i = 0; i < 10; ++i) {
        hung.push_back(ask_to_cancel(*canceller, stuck, std::chrono::milliseconds(50)));
    }
    EXPECT_TRUE(ask_to_cancel(*canceller, std::make_shared<PromptHandle>(true), ample).get());
    for (auto& answer : hung) EXPECT_FALSE(answer.get());
    stuck->release();
    EXPECT_TRUE(ask_to_cancel(*canceller, std::make_shared<PromptHandle>(true), ample).get());
}

TEST(Canceller, at_most_four_are_at_work_at_once) {
    const auto canceller = make_canceller();
    const auto stuck = std::make_shared<StuckHandle>();
    std::vector<std::future<bool>> answers;
    for (int i = 0; i < 12; ++i) answers.push_back(ask_to_cancel(*canceller, stuck, ample));
    while (stuck->entered < 4) std::this_thread::yield();
    EXPECT_EQ(stuck->entered, 4);
    stuck->release();
    for (auto& answer : answers) EXPECT_TRUE(answer.get());
    EXPECT_EQ(stuck->entered, 12);
}

TEST(Canceller, one_that_dies_answers_what_is_under_way_and_waits_for_no_server) {
    auto canceller = make_canceller();
    const auto stuck = std::make_shared<StuckHandle>();
    std::vector<std::future<bool>> answers;
    for (int i = 0; i < 6; ++i) answers.push_back(ask_to_cancel(*canceller, stuck, ample));
    while (stuck->entered < 4) std::this_thread::yield();
    canceller.reset();
    for (auto& answer : answers) {
        ASSERT_EQ(answer.wait_for(std::chrono::seconds(0)), std::future_status::ready);
        EXPECT_FALSE(answer.get());
    }
    stuck->release();
}

}  // namespace
}  // namespace weir::upstream
