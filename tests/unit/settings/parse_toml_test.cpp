#include "settings/parse_toml.h"

#include <gtest/gtest.h>

namespace weir::settings {
namespace {

TEST(ParseToml, nodes_have_the_places_of_their_keys_and_values) {
    const auto root = parse_toml("[pool]\n  size = 7\ntls = { mode = \"x\" }\n", "weir.toml");
    ASSERT_TRUE(root.has_value());
    const auto* size = root->find("pool.size");
    ASSERT_NE(size, nullptr);
    EXPECT_EQ(size->kind, Node::Kind::integer);
    EXPECT_EQ(size->integer, 7);
    EXPECT_EQ(size->name_place.text, "weir.toml:2:3");
    EXPECT_EQ(size->place.text, "weir.toml:2:10");
    EXPECT_EQ(root->find("pool.tls.mode")->text, "x");
    EXPECT_EQ(root->find("pool.tls.mode")->place.text, "weir.toml:3:16");
    EXPECT_EQ(root->find("pool.nothing"), nullptr);
    EXPECT_EQ(root->find("pool.size.more"), nullptr);
}

TEST(ParseToml, every_kind_of_value_is_told_apart) {
    const auto root = parse_toml("a=true\nb=1.5\nc='t'\nd=[1,'x']\ne=2026-01-01\nf={}\n", "f");
    ASSERT_TRUE(root.has_value());
    EXPECT_EQ(root->find("a")->kind, Node::Kind::boolean);
    EXPECT_EQ(root->find("b")->kind, Node::Kind::real);
    EXPECT_EQ(root->find("c")->kind, Node::Kind::text);
    EXPECT_EQ(root->find("d")->kind, Node::Kind::list);
    EXPECT_EQ(root->find("d")->children.size(), 2U);
    EXPECT_EQ(root->find("e")->kind, Node::Kind::date);
    EXPECT_EQ(root->find("f")->kind, Node::Kind::table);
}

TEST(ParseToml, error_of_the_grammar_has_its_place) {
    for (const auto* text : {"a = 1\nb = = 2\n", "a = 1\nb = \"open\n", "a = 1\na = 2\n"}) {
        const auto root = parse_toml(text, "weir.toml");
        ASSERT_FALSE(root.has_value()) << text;
        EXPECT_EQ(root.error().where.substr(0, 12), "weir.toml:2:") << root.error().text();
        EXPECT_FALSE(root.error().message.empty());
    }
}

TEST(ParseToml, bytes_that_are_no_utf8_are_an_error) {
    EXPECT_FALSE(parse_toml("a = \"\xff\xfe\"", "f").has_value());
}

}  // namespace
}  // namespace weir::settings
