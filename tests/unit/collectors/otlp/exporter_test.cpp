// The exporter against a collector on loopback: real HTTP, its own thread.
#include "collectors/otlp/exporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "collectors/otlp/http_collector.h"
#include "collectors/otlp/some_spans.h"

namespace weir::collectors::otlp {
namespace {

using collectors::testing::HttpCollector;
using ::testing::HasSubstr;
using testing::named;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::chrono_literals;

const Identity identity{"front", "0.1", "box", 7};

class ExporterTest : public ::testing::Test {
  protected:
    ExporterTest() {
        registry_.trace(2, 8);
        traces_.batch = 4;
        traces_.delay = 10ms;
    }
    void start(const std::string& url) {
        traces_.url = url;
        exporter_.emplace(registry_, traces_, identity);
    }
    void push(unsigned loop, int count) {
        for (int i = 0; i < count; ++i) registry_.ring(loop)->push(named("span"));
    }
    // Whether it came to be, however slow the machine is.
    static bool until(const std::function<bool()>& condition) {
        const auto end = base::Clock::now() + 30s;
        while (!condition() && base::Clock::now() < end) std::this_thread::sleep_for(2ms);
        return condition();
    }
    [[nodiscard]] const telemetry::SpanCounts& counts() const { return registry_.span_counts(); }

    telemetry::Registry registry_;
    settings::TraceExport traces_;
    std::optional<Exporter> exporter_;
};

TEST_F(ExporterTest, spans_of_all_loops_are_posted_with_the_headers_that_are_asked_for) {
    HttpCollector collector;
    traces_.headers = {{"x-key", settings::Secret::of("topsecret")},
                       {"x-empty", settings::Secret()}};
    push(0, 1);
    push(1, 2);
    start(collector.url());
    ASSERT_TRUE(until([&] { return counts().exported() == 3; }));
    const auto requests = collector.requests(1);
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_THAT(requests[0], StartsWith("POST /v1/traces HTTP/1.1\r\n"));
    for (const char* line :
         {"\r\nx-key: topsecret\r\n", "\r\nx-empty:", "\r\nUser-Agent: weir/0.1\r\n",
          "\r\nContent-Type: application/json\r\n", "\r\n\r\n{\"resourceSpans\""}) {
        EXPECT_THAT(requests[0], HasSubstr(line));
    }
    EXPECT_THAT(requests[0], Not(HasSubstr("Expect")));
}

TEST_F(ExporterTest, protobuf_is_said_to_be_protobuf) {
    HttpCollector collector;
    traces_.protocol = settings::TraceProtocol::http_protobuf;
    push(0, 1);
    start(collector.url());
    ASSERT_EQ(collector.requests(1).size(), 1U);
    EXPECT_THAT(collector.requests(1)[0],
                HasSubstr("\r\nContent-Type: application/x-protobuf\r\n"));
}

TEST_F(ExporterTest, full_batch_goes_out_at_once_and_the_rest_when_it_is_due) {
    HttpCollector collector;
    traces_.delay = 1h;
    push(0, 4);
    push(1, 1);
    start(collector.url());
    ASSERT_TRUE(until([&] { return counts().exported() == 4; }));
    EXPECT_EQ(registry_.ring(1)->size() + registry_.ring(0)->size(), 1U);
}

TEST_F(ExporterTest, batch_is_tried_again_until_the_collector_takes_it) {
    HttpCollector collector({"503 Busy", HttpCollector::lost, "429 Slowly\r\nRetry-After: 1"});
    push(0, 2);
    start(collector.url());
    ASSERT_TRUE(until([&] { return counts().exported() == 2; }));
    const auto requests = collector.requests(4);
    ASSERT_EQ(requests.size(), 4U);
    for (const auto& request : requests) EXPECT_EQ(request, requests[0]);
    EXPECT_EQ(counts().export_failed(), 0U);
}

TEST_F(ExporterTest, refusal_is_counted_and_never_tried_again) {
    HttpCollector collector({"400 Bad", "500 Broken", "307 Elsewhere\r\nLocation: /v1/other"});
    for (int i = 0; i < 3; ++i) {
        push(0, 1);
        if (i == 0) start(collector.url());
        ASSERT_TRUE(until([&] {
            return counts().rejected() + counts().export_failed() == static_cast<unsigned>(i) + 1;
        }));
    }
    EXPECT_EQ(counts().rejected(), 1U);
    EXPECT_EQ(counts().export_failed(), 2U);
    push(0, 1);
    ASSERT_TRUE(until([&] { return counts().exported() == 1; }));
    EXPECT_EQ(collector.requests(4).size(), 4U);
}

TEST_F(ExporterTest, partial_success_counts_what_was_rejected_and_never_more_than_was_sent) {
    HttpCollector collector({"200 OK\r\n\r\n{\"partialSuccess\":{\"rejectedSpans\":\"1\"}}",
                             "200 OK\r\n\r\n{\"partialSuccess\":{\"rejectedSpans\":\"99\"}}"});
    push(0, 3);
    start(collector.url());
    ASSERT_TRUE(until([&] { return counts().exported() == 2 && counts().rejected() == 1; }));
    push(0, 1);
    ASSERT_TRUE(until([&] { return counts().rejected() == 2; }));
    EXPECT_EQ(collector.requests(2).size(), 2U);
}

TEST_F(ExporterTest, collector_that_is_gone_costs_nothing_but_counted_spans) {
    const std::string nobody =
        "http://127.0.0.1:" + collectors::testing::SilentServer().place().port;
    traces_.batch_timeout = 300ms;
    start(nobody + "/v1/traces");
    std::uint64_t pushed = 0;
    const bool both_lost = until([&] {
        push(0, 1);
        ++pushed;
        return counts().export_failed() > 0 && registry_.ring(0)->dropped_queue_full() > 0;
    });
    ASSERT_TRUE(both_lost);
    exporter_->stop();
    EXPECT_EQ(counts().exported(), 0U);
    EXPECT_EQ(counts().export_failed() + registry_.ring(0)->dropped_queue_full(), pushed);
}

TEST_F(ExporterTest, stop_sends_what_is_left) {
    HttpCollector collector;
    traces_.delay = 1h;
    start(collector.url());
    push(0, 3);
    push(1, 2);
    exporter_->stop();
    EXPECT_EQ(counts().exported(), 5U);
    EXPECT_EQ(collector.requests(2).size(), 2U);
}

TEST_F(ExporterTest, stop_does_not_wait_for_a_collector_that_never_answers) {
    HttpCollector collector({HttpCollector::silence});
    traces_.batch_timeout = 1h;
    traces_.request_timeout = 1h;
    push(0, 4);
    push(1, 1);
    start(collector.url());
    ASSERT_EQ(collector.requests(1).size(), 1U);
    exporter_->stop();
    EXPECT_EQ(counts().export_failed(), 5U);
}

}  // namespace
}  // namespace weir::collectors::otlp
