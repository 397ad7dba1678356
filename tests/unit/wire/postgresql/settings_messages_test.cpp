#include "wire/postgresql/settings_messages.h"

#include <gtest/gtest.h>

#include "wire/postgresql/scanner.h"

namespace weir::wire::postgresql {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

std::vector<std::string> bodies_of(const Batch& batch, char type) {
    std::vector<std::string> bodies;
    Scanner scanner;
    std::string types;
    std::string_view rest = batch.bytes;
    Piece piece;
    while (scanner.next(rest, piece) == Scanner::Status::piece) {
        types += piece.type;
        if (piece.type == type) bodies.emplace_back(piece.body);
    }
    EXPECT_EQ(types, batch.types);
    return bodies;
}

TEST(SettingsMessages, values_are_bound_and_names_too) {
    const Batch batch = replay({{"work_mem", "1' OR 1"}, {"my.own", ""}}, {});
    EXPECT_EQ(batch.types, "PBES");
    EXPECT_EQ(bodies_of(batch, 'P').front(),
              "\0SELECT pg_catalog.set_config($1, $2, false), pg_catalog.set_config($3, $4, false)"
              "\0\0\0"s);
    EXPECT_EQ(bodies_of(batch, 'B').front(),
              "\0\0\0\0\0\4\0\0\0\10work_mem\0\0\0\7"
              "1' OR 1\0\0\0\6my.own\0\0\0\0\0\0"s);
}

TEST(SettingsMessages, the_encoding_comes_before_what_is_written_in_it) {
    const Batch batch = replay({{"application_name", "x"}, {"client_encoding", "LATIN1"}}, {});
    EXPECT_EQ(batch.types, "PBESPBES");
    EXPECT_NE(bodies_of(batch, 'B').front().find("LATIN1"), std::string::npos);
}

TEST(SettingsMessages, resets_come_first_with_quoted_names) {
    const Batch batch = replay({{"a", "b"}}, {"work_mem", "my.own"});
    EXPECT_EQ(batch.types, "QPBES");
    EXPECT_EQ(bodies_of(batch, 'Q').front(), "RESET \"work_mem\";RESET \"my\".\"own\";\0"s);
}

TEST(SettingsMessages, what_is_set_locally_fits_into_a_batch_and_may_be_a_default) {
    const Batch batch = set_locally({{"a", "b"}, {"c", std::nullopt}}, "n");
    EXPECT_EQ(batch.types, "PBECC");
    EXPECT_EQ(bodies_of(batch, 'P').front(),
              "n\0SELECT pg_catalog.set_config($1, $2, true), pg_catalog.set_config($3, $4, true)"
              "\0\0\0"s);
    EXPECT_EQ(bodies_of(batch, 'B').front(),
              "n\0n\0\0\0\0\4\0\0\0\1a\0\0\0\1b\0\0\0\1c\377\377\377\377\0\0"s);
}

TEST(SettingsMessages, values_are_asked_for_in_one_row) {
    const Batch batch = ask_settings({"a", "b"}, {});
    EXPECT_EQ(bodies_of(batch, 'P').front(),
              "\0SELECT pg_catalog.current_setting($1, true), pg_catalog.current_setting($2, true)"
              "\0\0\0"s);
}

TEST(SettingsMessages, sources_come_behind_the_values_by_no_operator_of_the_clients) {
    const Batch batch = ask_settings({"a", "b"}, {"b"});
    const std::string parse = bodies_of(batch, 'P').front();
    EXPECT_NE(parse.find("pg_catalog.lower(name) OPERATOR(pg_catalog.=) $3)"), std::string::npos);
    EXPECT_EQ(parse.find(" = "), std::string::npos);
}

TEST(SettingsMessages, a_row_has_values_and_nulls) {
    const auto row = read_data_row("\0\3\0\0\0\1x\377\377\377\377\0\0\0\0"sv);
    ASSERT_TRUE(row);
    ASSERT_EQ(row->size(), 3U);
    EXPECT_EQ((*row)[0], "x");
    EXPECT_FALSE((*row)[1]);
    EXPECT_EQ((*row)[2], "");
}

TEST(SettingsMessages, a_cut_row_is_none) {
    for (const std::string_view body : {""sv, "\0"sv, "\0\1"sv, "\0\1\0\0\0\2x"sv}) {
        EXPECT_FALSE(read_data_row(body));
    }
}

TEST(SettingsMessages, names_of_settings_are_told_from_others) {
    for (const char* name : {"work_mem", "my.own", "a1$", "TimeZone"}) {
        EXPECT_TRUE(is_setting_name(name)) << name;
    }
    for (const char* name : {"", ".", "a.", ".a", "1a", "a b", "a\"b", "a;b", "a-b"}) {
        EXPECT_FALSE(is_setting_name(name)) << name;
    }
}

}  // namespace
}  // namespace weir::wire::postgresql
