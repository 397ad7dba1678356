#include "settings/url.h"

#include <gtest/gtest.h>

namespace weir::settings {
namespace {

Url parsed(std::string_view text) {
    const auto url = parse_url(text);
    EXPECT_TRUE(url.has_value()) << text;
    return url.value_or(Url{});
}

TEST(Url, has_all_its_parts) {
    const auto url = parsed("postgres://ann:pw@db.example:5433/shop?sslmode=disable&host=/run");
    EXPECT_EQ(url.scheme, "postgres");
    EXPECT_EQ(url.user, "ann");
    EXPECT_EQ(url.password, "pw");
    EXPECT_EQ(url.host, "db.example");
    EXPECT_EQ(url.port, "5433");
    EXPECT_EQ(url.path, "shop");
    EXPECT_EQ(url.parameters,
              (std::map<std::string, std::string>{{"sslmode", "disable"}, {"host", "/run"}}));
}

TEST(Url, parts_may_be_missing) {
    EXPECT_EQ(parsed("redis://h").host, "h");
    EXPECT_EQ(parsed("redis://h").port, "");
    EXPECT_EQ(parsed("redis://:pw@h/0").password, "pw");
    EXPECT_EQ(parsed("redis://:pw@h/0").user, "");
    EXPECT_EQ(parsed("postgres://u@/?host=/run/postgresql").parameters.at("host"),
              "/run/postgresql");
    EXPECT_EQ(parsed("postgres://u:p@h?sslmode=disable").parameters.size(), 1U);
}

TEST(Url, account_is_percent_decoded) {
    const auto url = parsed("postgres://a%40b:p%3a%2F%25w@h:1/");
    EXPECT_EQ(url.user, "a@b");
    EXPECT_EQ(url.password, "p:/%w");
}

TEST(Url, unencoded_at_sign_in_a_password_is_understood) {
    EXPECT_EQ(parsed("postgres://u:p@ss@h:1/").password, "p@ss");
    EXPECT_EQ(parsed("postgres://u:p@ss@h:1/").host, "h");
}

TEST(Url, ipv6_host_keeps_its_brackets) {
    EXPECT_EQ(parsed("postgres://u:p@[::1]:5432/").host, "[::1]");
    EXPECT_EQ(parsed("postgres://u:p@[::1]:5432/").port, "5432");
    EXPECT_EQ(parsed("postgres://u:p@[::1]/").port, "");
}

TEST(Url, malformed_one_is_refused_without_repeating_it) {
    for (const auto* text :
         {"", "postgres", "postgres:/u:hush@h", "postgres://u:hush%2@h/", "postgres://u:hush%zz@h/",
          "postgres://u:hush%00@h/", "postgres://u:hush@h/?novalue"}) {
        const auto url = parse_url(text);
        ASSERT_FALSE(url.has_value()) << text;
        EXPECT_EQ(url.error().message.find("hush"), std::string::npos);
    }
}

}  // namespace
}  // namespace weir::settings
