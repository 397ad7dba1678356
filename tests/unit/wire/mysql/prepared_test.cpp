#include "wire/mysql/prepared.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/mysql/bytes.h"

namespace weir::wire::mysql {
namespace {

using test::hex;
using test::packet;

// SELECT … WHERE a < ? AND b = ? as a driver asks it first: an int and a string.
const std::string first = hex("17 01 00 00 00 00 01 00 00 00 00 01 03 00 fd 00 02 00 00 00 01 78");
const std::string again = hex("17 01 00 00 00 00 01 00 00 00 02 00 02 00 00 00");
const std::string types = hex("03 00 fd 00");

TEST(Prepared, an_execute_tells_its_types_when_they_are_bound) {
    const auto request = read_execute(first, 2);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->statement, 1u);
    EXPECT_FALSE(request->cursor);
    EXPECT_TRUE(request->types_bound);
    EXPECT_EQ(request->types, types);
    EXPECT_EQ(request->null_bitmap, hex("00"));
    EXPECT_EQ(request->values, hex("02 00 00 00 01 78"));

    const auto later = read_execute(again, 2);
    ASSERT_TRUE(later);
    EXPECT_FALSE(later->types_bound);
    EXPECT_EQ(later->types, "");
    EXPECT_EQ(later->null_bitmap, hex("02"));
}

TEST(Prepared, an_execute_elsewhere_has_the_other_id_and_the_types_that_were_remembered) {
    std::string out;
    append_execute(out, *read_execute(again, 2), 0x01020304, types, 2);
    EXPECT_EQ(out, packet(0, hex("17 04 03 02 01 00 01 00 00 00 02 01 03 00 fd 00 02 00 00 00")));
    out.clear();
    append_execute(out, *read_execute(first, 2), 1, hex("08 00 08 00"), 2);
    EXPECT_EQ(out, packet(0, first)) << "its own types stay";
    out.clear();
    append_execute(out, *read_execute(again, 2), 1, "", 2);
    EXPECT_EQ(out, packet(0, again)) << "none are known";
}

TEST(Prepared, an_execute_without_parameters_has_no_types) {
    const std::string payload = hex("17 05 00 00 00 01 01 00 00 00");
    const auto request = read_execute(payload, 0);
    ASSERT_TRUE(request);
    EXPECT_TRUE(request->cursor);
    std::string out;
    append_execute(out, *request, 5, "", 0);
    EXPECT_EQ(out, packet(0, payload));
    EXPECT_EQ(execute_head_size(0), payload.size());
}

TEST(Prepared, an_execute_s_head_is_enough_to_read_it) {
    EXPECT_EQ(execute_head_size(2), 16u);
    for (std::size_t size = 0; size < first.size(); ++size) {
        EXPECT_EQ(read_execute(first.substr(0, size), 2).has_value(), size >= 16) << size;
    }
    for (std::size_t size = 0; size < again.size(); ++size) {
        EXPECT_EQ(read_execute(again.substr(0, size), 2).has_value(), size >= 12) << size;
    }
    const std::string many(execute_head_size(9) - 10, '\0');
    std::string nine = hex("17 01 00 00 00 00 01 00 00 00") + many;
    nine[12] = 1;
    EXPECT_EQ(read_execute(nine, 9)->null_bitmap.size(), 2u);
    EXPECT_EQ(read_execute(nine, 9)->types.size(), 18u);
}

TEST(Prepared, an_execute_s_head_says_how_much_follows_it) {
    std::string out;
    ASSERT_TRUE(append_execute_head(out, *read_execute(again, 2), 1, types, 2, 1000));
    EXPECT_EQ(out.substr(0, 4), hex("f8 03 00 00"));  // 16 and 1000
    EXPECT_EQ(out.size(), 4u + 16);
    EXPECT_FALSE(
        append_execute_head(out, *read_execute(again, 2), 1, types, 2, longest_packet - 16));
    EXPECT_EQ(out.size(), 4u + 16);
    EXPECT_TRUE(
        append_execute_head(out, *read_execute(again, 2), 1, types, 2, longest_packet - 17));
}

TEST(Prepared, a_long_execute_is_split) {
    std::string payload = again + std::string(longest_packet, 'v');
    std::string out;
    append_execute(out, *read_execute(payload, 2), 9, types, 2);
    EXPECT_EQ(out.size(), payload.size() + 4 + 8);
    EXPECT_EQ(out.substr(0, 4), hex("ff ff ff 00"));
    EXPECT_EQ(out.substr(longest_packet + 4u, 4), hex("14 00 00 01"));
}

TEST(Prepared, what_was_not_offered_is_refused) {
    EXPECT_FALSE(read_execute(hex("17 01 00 00 00 08 01 00 00 00"), 0));  // query attributes
    EXPECT_FALSE(read_execute(hex("17 01 00 00 00 00 02 00 00 00"), 0));  // iterations
    EXPECT_FALSE(read_execute(hex("17 01 00 00 00 00 01 00 00 00 00 02"), 1));
    EXPECT_FALSE(read_execute(hex("fa 01 00 00 00 00 01 00 00 00"), 0));  // MariaDB's bulk
}

TEST(Prepared, other_commands_name_their_statement_too) {
    const auto fetch = read_fetch(hex("1c 02 00 00 00 64 00 00 00"));
    ASSERT_TRUE(fetch);
    EXPECT_EQ(fetch->statement, 2u);
    EXPECT_EQ(fetch->rows, 100u);
    EXPECT_FALSE(read_fetch(hex("1c 02 00 00 00 64 00 00")));

    const std::string bytes = hex("18 02 00 00 00 01 00 61 62");
    const auto data = read_long_data(bytes);
    ASSERT_TRUE(data);
    EXPECT_EQ(data->statement, 2u);
    EXPECT_EQ(data->parameter, 1);
    EXPECT_EQ(data->data, "ab");
    EXPECT_FALSE(read_long_data(hex("18 02 00 00 00 01")));

    EXPECT_EQ(statement_of(hex("19 ff 01 00 00")), 0x1ffu);
    EXPECT_FALSE(statement_of(hex("19 ff 01 00")));
    std::string out;
    append_statement_command(out, Command::stmt_close, 0x1ff);
    EXPECT_EQ(out, packet(0, hex("19 ff 01 00 00")));
    put_statement(out.data() + 4, 3);
    EXPECT_EQ(out, packet(0, hex("19 03 00 00 00")));
}

TEST(Prepared, the_answer_to_prepare_can_be_given_with_another_id) {
    const std::string payload = hex("00 06 00 00 00 01 00 02 00 00 03 00");
    auto ok = read_prepared_ok(payload);
    ASSERT_TRUE(ok);
    EXPECT_EQ(ok->statement, 6u);
    EXPECT_EQ(ok->columns, 1);
    EXPECT_EQ(ok->parameters, 2);
    EXPECT_EQ(ok->warnings, 3);
    std::string out;
    std::uint8_t sequence = 1;
    ok->statement = 77;
    append_prepared_ok(out, sequence, *ok);
    std::string expected = packet(1, payload);
    put_statement(expected.data() + 4, 77);
    EXPECT_EQ(out, expected);
    EXPECT_FALSE(read_prepared_ok(payload.substr(0, 11)));
    EXPECT_FALSE(read_prepared_ok(hex("01") + payload.substr(1)));
}

}  // namespace
}  // namespace weir::wire::mysql
