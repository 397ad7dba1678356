#include "wire/mysql/result_packets.h"

#include <gtest/gtest.h>

#include "wire/mysql/bytes.h"
#include "wire/mysql/reply_tracker.h"

namespace weir::wire::mysql {
namespace {

using test::hex;
using test::packet;

const std::vector<Column> connection_id = {{"CONNECTION_ID()", ColumnType::integer, true}};
const Eof end{};

// As MariaDB 10.11 defines it.
const std::string definition =
    hex("03 64 65 66 00 00 00 0f 43 4f 4e 4e 45 43 54 49 4f 4e 5f 49 44 28 29 00 0c 3f 00 0a 00 00 "
        "00 03 a1 00 00 00 00");

TEST(ResultPackets, are_those_of_a_server) {
    std::string out;
    std::uint8_t sequence = 1;
    append_text_result(out, sequence, connection_id, {"7"}, end, 0);
    EXPECT_EQ(out, packet(1, hex("01")) + packet(2, definition) + packet(3, hex("fe 00 00 02 00")) +
                       packet(4, hex("01 37")) + packet(5, hex("fe 00 00 02 00")));
    EXPECT_EQ(sequence, 6);

    out.clear();
    sequence = 1;
    append_text_result(out, sequence, connection_id, {"7"}, end, capability::deprecate_eof);
    EXPECT_EQ(out, packet(1, hex("01")) + packet(2, definition) + packet(3, hex("01 37")) +
                       packet(4, hex("fe 00 00 02 00 00 00")));
}

TEST(ResultPackets, define_other_functions_as_a_server_does) {
    std::string out;
    std::uint8_t sequence = 2;
    append_column_definition(out, sequence, {"LAST_INSERT_ID()", ColumnType::long_long, true});
    EXPECT_EQ(out, packet(2, hex("03 64 65 66 00 00 00 10") + "LAST_INSERT_ID()" +
                                 hex("00 0c 3f 00 15 00 00 00 08 a1 00 00 00 00")));
    out.clear();
    append_column_definition(out, sequence, {"ROW_COUNT()"});
    EXPECT_EQ(out, packet(3, hex("03 64 65 66 00 00 00 0b") + "ROW_COUNT()" +
                                 hex("00 0c 3f 00 15 00 00 00 08 81 00 00 00 00")));
}

TEST(ResultPackets, give_rows_in_binary_form) {
    const std::vector<Column> columns = {{"a", ColumnType::integer, true},
                                         {"b"},
                                         {"c", ColumnType::long_long, true},
                                         {"d", ColumnType::var_string},
                                         {"e"}};
    std::string out;
    std::uint8_t sequence = 1;
    append_binary_result(out, sequence, columns, {"7", "-1", "18446744073709551615", "x", {}}, end,
                         capability::deprecate_eof);
    const std::string row = packet(7, hex("00 40 07 00 00 00 ff ff ff ff ff ff ff ff "
                                          "ff ff ff ff ff ff ff ff 01 78"));
    EXPECT_NE(out.find(row), std::string::npos);
}

TEST(ResultPackets, are_complete_replies) {
    for (const std::uint32_t capabilities : {std::uint32_t{0}, capability::deprecate_eof}) {
        for (const bool binary : {false, true}) {
            std::string out;
            std::uint8_t sequence = 1;
            const std::vector<Column> columns = {{"a", ColumnType::var_string}, {"b"}};
            const Eof last{1, status::autocommit | status::in_transaction};
            if (binary) {
                append_binary_result(out, sequence, columns, {"text", {}}, last, capabilities);
            } else {
                append_text_result(out, sequence, columns, {"text", {}}, last, capabilities);
            }
            ReplyTracker tracker;
            tracker.reset(capabilities);
            tracker.sent({.command = binary ? Command::stmt_execute : Command::query});
            std::string_view chunk = out;
            ReplyTracker::Part part;
            while (tracker.next(chunk, part) == ReplyTracker::Verdict::part) {
            }
            EXPECT_TRUE(tracker.settled());
            EXPECT_EQ(tracker.outcome().rows, 1u);
            EXPECT_EQ(tracker.outcome().warnings, 1);
            EXPECT_TRUE(tracker.has(status::in_transaction));
        }
    }
}

}  // namespace
}  // namespace weir::wire::mysql
