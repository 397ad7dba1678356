#include "admin/access.h"

#include <gtest/gtest.h>

namespace weir::admin {
namespace {

using settings::Secret;

Access access(const char* acting, const char* reading) {
    return Access(Hosts("127.0.0.1", {}), Secret::of(acting), Secret::of(reading));
}

Request with(const char* authorization) {
    Request request;
    request.host = "localhost:9630";
    request.authorization = authorization;
    return request;
}

// The status of the refusal, or 200.
int verdict(const Access& rules, const Request& request, Need need) {
    const auto refused = rules.refuse_unauthorized(request, need);
    return refused ? refused->status : 200;
}

TEST(Access, probes_need_no_token) {
    EXPECT_EQ(verdict(access("a", "r"), with(""), Need::nothing), 200);
}

TEST(Access, reading_is_open_without_a_read_token) {
    EXPECT_EQ(verdict(access("a", ""), with(""), Need::reading), 200);
}

TEST(Access, reading_takes_either_token_once_one_is_set) {
    const Access rules = access("acting", "reading");
    EXPECT_EQ(verdict(rules, with(""), Need::reading), 401);
    EXPECT_EQ(verdict(rules, with("Bearer wrong"), Need::reading), 401);
    EXPECT_EQ(verdict(rules, with("Bearer reading"), Need::reading), 200);
    EXPECT_EQ(verdict(rules, with("bearer   acting"), Need::reading), 200);
}

TEST(Access, acting_takes_the_admin_token_alone) {
    const Access rules = access("acting", "reading");
    EXPECT_EQ(verdict(rules, with("Bearer acting"), Need::acting), 200);
    EXPECT_EQ(verdict(rules, with("Bearer reading"), Need::acting), 403);
    for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer actin", "Bearer acting2", "acting",
                              "Basic acting", "Bearer: acting"}) {
        EXPECT_EQ(verdict(rules, with(wrong), Need::acting), 401) << wrong;
    }
}

TEST(Access, no_token_fits_when_acting_is_switched_off) {
    const Access rules = access("", "");
    EXPECT_EQ(verdict(rules, with("Bearer "), Need::acting), 403);
    EXPECT_EQ(verdict(rules, with("Bearer x"), Need::acting), 403);
    EXPECT_EQ(verdict(rules, with(""), Need::reading), 200);
}

TEST(Access, missing_token_is_asked_for) {
    const auto refused = access("a", "").refuse_unauthorized(with(""), Need::acting);
    ASSERT_TRUE(refused);
    ASSERT_EQ(refused->headers.size(), 1U);
    EXPECT_EQ(refused->headers[0].first, "WWW-Authenticate");
}

TEST(Access, foreign_host_and_origin_are_refused) {
    const Access rules = access("a", "");
    Request request;
    EXPECT_FALSE(rules.refuse_foreign(request)) << "no Host at all: not a browser";
    request.host = "localhost:9630";
    EXPECT_FALSE(rules.refuse_foreign(request));
    request.origin = "http://localhost:9630";
    EXPECT_FALSE(rules.refuse_foreign(request));
    request.origin = "http://evil.example";
    EXPECT_EQ(rules.refuse_foreign(request)->status, 403);
    request.origin.reset();
    request.host = "evil.example";
    EXPECT_EQ(rules.refuse_foreign(request)->status, 403);
}

TEST(Access, origin_that_agrees_with_a_foreign_host_is_refused) {
    Request request;
    request.host = "evil.example";
    request.origin = "http://evil.example";
    EXPECT_TRUE(access("a", "").refuse_foreign(request));
}

}  // namespace
}  // namespace weir::admin
