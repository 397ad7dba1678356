#include "wire/mysql/packets.h"

#include <gtest/gtest.h>

#include "wire/mysql/bytes.h"
#include "wire/mysql/session_state.h"

namespace weir::wire::mysql {
namespace {

using test::hex;
using test::packet;

constexpr std::uint32_t tracks = capability::session_track;

// Of MariaDB 10.11: COM_INIT_DB with session_track_schema and session_track_state_change.
const std::string tracked_ok = hex("00 00 00 02 40 00 00 00 07 01 02 01 64 02 01 31");
const std::string insert_ok =
    hex("00 02 01 02 00 00 00 26") + "Records: 2  Duplicates: 0  Warnings: 0";

TEST(Packets, an_ok_tells_its_counts_and_what_has_changed) {
    const auto ok = read_ok(insert_ok, tracks);
    ASSERT_TRUE(ok);
    EXPECT_EQ(ok->affected_rows, 2u);
    EXPECT_EQ(ok->last_insert_id, 1u);
    EXPECT_EQ(ok->status, status::autocommit);
    EXPECT_EQ(ok->info, "Records: 2  Duplicates: 0  Warnings: 0");
    EXPECT_EQ(ok->session_state, "");

    const auto changed = read_ok(tracked_ok, tracks);
    ASSERT_TRUE(changed);
    StateChanges changes(changed->session_state);
    StateChange change;
    ASSERT_TRUE(changes.next(change));
    EXPECT_EQ(change.kind, StateChange::Kind::schema);
    EXPECT_EQ(change.value, "d");
    ASSERT_TRUE(changes.next(change));
    EXPECT_EQ(change.kind, StateChange::Kind::state_change);
    EXPECT_TRUE(change.flag);
    EXPECT_FALSE(changes.next(change));
    EXPECT_FALSE(changes.malformed());
}

TEST(Packets, an_ok_s_text_has_its_length_without_session_tracking_too) {
    const std::string payload = hex("00 01 00 02 00 03 00 04") + "text";
    const auto ok = read_ok(payload, 0);
    ASSERT_TRUE(ok);
    EXPECT_EQ(ok->warnings, 3);
    EXPECT_EQ(ok->info, "text");
}

TEST(Packets, a_truncated_ok_is_none) {
    for (std::size_t size = 0; size < tracked_ok.size(); ++size) {
        const bool complete = size == 7;  // all that must be there
        EXPECT_EQ(read_ok(tracked_ok.substr(0, size), tracks).has_value(), complete) << size;
    }
    EXPECT_FALSE(read_ok(hex("01 00 00 02 00 00 00"), 0));
}

TEST(Packets, an_ok_is_built_as_it_is_read) {
    std::string out;
    std::uint8_t sequence = 1;
    Ok ok;
    ok.affected_rows = 2;
    ok.last_insert_id = 1;
    ok.info = "Records: 2  Duplicates: 0  Warnings: 0";
    append_ok(out, sequence, ok, tracks);
    EXPECT_EQ(out, packet(1, insert_ok));
    EXPECT_EQ(sequence, 2);

    std::string state;
    put_state_change(state, {StateChange::Kind::schema, false, {}, "d"});
    put_state_change(state, {StateChange::Kind::state_change, true, {}, {}});
    Ok changed;
    changed.session_state = state;
    out.clear();
    sequence = 1;
    append_ok(out, sequence, changed, tracks);
    EXPECT_EQ(out, packet(1, tracked_ok));
    out.clear();
    sequence = 1;
    append_ok(out, sequence, changed, 0);
    EXPECT_EQ(out, packet(1, hex("00 00 00 02 00 00 00")));
}

TEST(Packets, a_client_that_does_not_track_gets_an_ok_without_state) {
    std::string out;
    EXPECT_FALSE(reads_same_untracked(tracked_ok));
    ASSERT_TRUE(append_untracked_ok(out, packet(3, tracked_ok)));
    EXPECT_EQ(out, packet(3, hex("00 00 00 02 00 00 00")));

    out.clear();
    EXPECT_TRUE(reads_same_untracked(insert_ok));
    ASSERT_TRUE(append_untracked_ok(out, packet(1, insert_ok)));
    EXPECT_EQ(out, packet(1, insert_ok));

    EXPECT_TRUE(reads_same_untracked(hex("00 00 00 02 00 00 00")));
    EXPECT_TRUE(reads_same_untracked(hex("fe 00 00 02 00 00 00")));

    // The end of rows keeps its lead.
    out.clear();
    ASSERT_TRUE(append_untracked_ok(
        out, packet(4, hex("fe 00 00 23 40 00 00 00 0b 05 09 08") + "T_R___S_")));
    EXPECT_EQ(out, packet(4, hex("fe 00 00 23 00 00 00")));
}

TEST(Packets, a_malformed_ok_is_not_passed_on) {
    std::string out = "before";
    EXPECT_FALSE(append_untracked_ok(out, packet(1, hex("00 00 00 02 40 00 00 00 07 01"))));
    EXPECT_FALSE(append_untracked_ok(out, ""));
    EXPECT_EQ(out, "before");
    EXPECT_FALSE(reads_same_untracked(hex("00 00")));
}

TEST(Packets, an_error_tells_number_state_and_message) {
    const std::string payload = hex("ff 1e 04 23") + "42S22Unknown column";
    const auto error = read_error(payload);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->number, 1054);
    EXPECT_EQ(error->sqlstate, "42S22");
    EXPECT_EQ(error->message, "Unknown column");
    std::string out;
    std::uint8_t sequence = 1;
    append_error(out, sequence, *error);
    EXPECT_EQ(out, packet(1, payload));
}

TEST(Packets, an_error_before_the_handshake_has_no_state) {
    const std::string payload = hex("ff 10 04") + "Too many connections";
    const auto error = read_error(payload);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->number, 1040);
    EXPECT_EQ(error->sqlstate, "HY000");
    EXPECT_EQ(error->message, "Too many connections");
    EXPECT_FALSE(read_error(hex("ff 10")));
    EXPECT_FALSE(read_error(hex("ff 10 04 23 31 32")));
}

TEST(Packets, an_end_is_an_eof_or_an_ok_by_what_was_agreed_upon) {
    const Eof end{2, status::autocommit | status::in_transaction};
    std::string out;
    std::uint8_t sequence = 5;
    append_end(out, sequence, end, 0);
    EXPECT_EQ(out, packet(5, hex("fe 02 00 03 00")));
    const auto eof = read_eof(std::string_view(out).substr(4));
    ASSERT_TRUE(eof);
    EXPECT_EQ(eof->warnings, 2);
    EXPECT_EQ(eof->status, end.status);
    EXPECT_FALSE(read_eof(hex("fe 02 00 03")));
    EXPECT_FALSE(read_eof(hex("fe 02 00 03 00 00")));

    out.clear();
    append_end(out, sequence, end, capability::deprecate_eof);
    EXPECT_EQ(out, packet(6, hex("fe 00 00 03 00 02 00")));
}

TEST(Packets, a_command_is_one_packet_with_the_first_sequence_id) {
    std::string out;
    append_command(out, Command::query, "SELECT 1");
    append_command(out, Command::ping);
    EXPECT_EQ(out, packet(0, "\x03SELECT 1") + packet(0, "\x0e"));
    set_sequence(out.data(), 7);
    EXPECT_EQ(out[3], 7);
}

}  // namespace
}  // namespace weir::wire::mysql
