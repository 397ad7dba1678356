#include "wire/postgresql/result_messages.h"

#include <gtest/gtest.h>

namespace weir::wire::postgresql {
namespace {

using namespace std::string_literals;

const std::vector<Column> columns{
    {"a", ColumnType::text}, {"n", ColumnType::int4}, {"x", ColumnType::numeric}};

TEST(ResultMessages, a_row_is_text_unless_binary_is_asked_for) {
    EXPECT_EQ(data_row(columns, {"hi", "7", std::nullopt}),
              "D\0\0\0\x15\0\3\0\0\0\2hi\0\0\0\1"s + "7\xff\xff\xff\xff"s);
    EXPECT_EQ(data_row({{"n", ColumnType::int4}}, {"-2"}, {Format::binary}),
              "D\0\0\0\x0e\0\1\0\0\0\4\xff\xff\xff\xfe"s);
}

TEST(ResultMessages, a_binary_numeric_is_digits_of_ten_thousand) {
    const auto digits = [](const char* value) {
        return data_row({{"x", ColumnType::numeric}}, {value}, {Format::binary}).substr(11);
    };
    EXPECT_EQ(digits("0"), "\0\0\0\0\0\0\0\0"s);
    EXPECT_EQ(digits("120003"), "\0\2\0\1\0\0\0\0\0\x0c\0\3"s);
}

TEST(ResultMessages, a_description_tells_names_types_and_formats) {
    EXPECT_EQ(row_description({{"n", ColumnType::int4}}, {Format::binary}),
              "T\0\0\0\x1a\0\1n\0\0\0\0\0\0\0\0\0\0\x17\0\4\xff\xff\xff\xff\0\1"s);
}

TEST(ResultMessages, what_drivers_ask_for_is_read_whole_or_not_at_all) {
    const std::string parse = "s\0SHOW POOLS\0\0\1\0\0\0\x17"s;
    EXPECT_EQ(read_parse(parse)->sql, "SHOW POOLS");
    const std::string bind = "p\0s\0\0\0\0\0\0\2\0\1\0\0"s;
    EXPECT_EQ(read_bind(bind)->statement, "s");
    EXPECT_EQ(read_bind(bind)->formats, (std::vector{Format::binary, Format::text}));
    const std::string describe = "Sname\0"s;
    EXPECT_EQ(read_named(describe)->name, "name");
    for (std::size_t i = 0; i < parse.size(); ++i) EXPECT_FALSE(read_parse(parse.substr(0, i)));
    for (std::size_t i = 0; i < bind.size(); ++i) EXPECT_FALSE(read_bind(bind.substr(0, i)));
    for (std::size_t i = 0; i < describe.size(); ++i) {
        EXPECT_FALSE(read_named(describe.substr(0, i)));
    }
    EXPECT_FALSE(read_parse(parse + "x"));
    EXPECT_FALSE(read_named("Xname\0"s));
    EXPECT_FALSE(read_bind("p\0s\0\0\0\0\0\0\1\0\2"s)) << "there are two formats only";
}

TEST(ResultMessages, parameters_are_counted_so_that_they_can_be_refused) {
    EXPECT_EQ(read_bind("\0\0\0\0\0\1\0\0\0\1x\0\0"s)->parameters, 1U);
}

}  // namespace
}  // namespace weir::wire::postgresql
