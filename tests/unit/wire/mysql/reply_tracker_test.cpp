#include "wire/mysql/reply_tracker.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "wire/mysql/bytes.h"
#include "wire/mysql/packets.h"
#include "wire/mysql/session_state.h"

namespace weir::wire::mysql {
namespace reply_tracker_test {

using test::hex;
using test::packet;
using Kind = ReplyTracker::Kind;
using Verdict = ReplyTracker::Verdict;

constexpr std::uint32_t without_eof = capability::deprecate_eof;
constexpr std::uint32_t tracks = capability::session_track;

// Payloads as MariaDB 10.11 sends them.
const std::string ok = hex("00 00 00 02 00 00 00");
const std::string ok_more = hex("00 01 05 0a 00 00 00");
const std::string column =
    hex("03 64 65 66 00 00 00 01 61 01 61 0c 3f 00 02 00 00 00 03 01 00 00 00 00");
const std::string eof = hex("fe 00 00 22 00");
const std::string eof_more = hex("fe 00 00 0a 00");
const std::string ok_end = hex("fe 00 00 22 00 00 00");
const std::string ok_end_more = hex("fe 00 00 0a 00 00 00");
const std::string error = hex("ff 1e 04 23") + "42S22Unknown column 'nope' in 'SELECT'";

std::string reply(std::initializer_list<std::string> payloads, unsigned sequence = 1) {
    std::string out;
    for (const std::string& payload : payloads) out += packet(sequence++, payload);
    return out;
}

struct Followed {
    Verdict verdict = Verdict::need_more;
    std::vector<Kind> meaning;  // of the whole packets
    unsigned done = 0;
    std::string bytes;
    Outcome outcome;
};

Followed follow(ReplyTracker& tracker, std::string_view stream, std::size_t size = 1U << 30U) {
    Followed out;
    ReplyTracker::Part part;
    for (std::size_t at = 0; at < stream.size(); at += size) {
        std::string_view chunk = stream.substr(at, size);
        while ((out.verdict = tracker.next(chunk, part)) != Verdict::need_more) {
            if (out.verdict == Verdict::desync) return out;
            out.bytes.append(part.carried).append(part.bytes);
            if (part.whole) out.meaning.push_back(part.kind);
            if (part.done) ++out.done;
            if (part.whole) {
                EXPECT_EQ(part.payload, part.bytes.substr(4));
            }
        }
        EXPECT_TRUE(chunk.empty());
    }
    out.outcome = tracker.outcome();
    return out;
}

// The same reply to `asked`, whole, cut at every size, and with a byte less, which is no end.
Followed expect_complete(const AskedCommand& asked, const std::string& stream,
                         std::uint32_t capabilities = 0) {
    Followed whole;
    for (const std::size_t size :
         {stream.size(), std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{5},
          std::size_t{7}, std::size_t{16}, std::size_t{61}}) {
        ReplyTracker tracker;
        tracker.reset(capabilities);
        tracker.sent(asked);
        const Followed early =
            follow(tracker, std::string_view(stream).substr(0, stream.size() - 1), size);
        EXPECT_EQ(early.verdict, Verdict::need_more);
        EXPECT_EQ(early.done, 0u);
        EXPECT_FALSE(tracker.settled());
        Followed end = follow(tracker, std::string_view(stream).substr(stream.size() - 1));
        EXPECT_EQ(end.verdict, Verdict::need_more);
        EXPECT_EQ(end.done, 1u);
        EXPECT_TRUE(tracker.settled());
        EXPECT_EQ(early.bytes + end.bytes, stream);
        whole = end;
        whole.meaning = early.meaning;
        whole.meaning.insert(whole.meaning.end(), end.meaning.begin(), end.meaning.end());
    }
    return whole;
}

void expect_desync(const AskedCommand& asked, const std::string& stream,
                   std::uint32_t capabilities = 0) {
    for (const std::size_t size : {stream.size(), std::size_t{1}}) {
        ReplyTracker tracker;
        tracker.reset(capabilities);
        tracker.sent(asked);
        EXPECT_EQ(follow(tracker, stream, size).verdict, Verdict::desync);
        std::string_view later = stream;
        ReplyTracker::Part part;
        EXPECT_EQ(tracker.next(later, part), Verdict::desync) << "for good";
    }
}

AskedCommand asked(Command command) { return {.command = command}; }
const AskedCommand query = asked(Command::query);

TEST(MysqlReplyTracker, an_ok_ends_a_reply_and_tells_what_was_done) {
    const auto done = expect_complete(
        query, reply({hex("00 02 01 02 00 03 00 26") + "Records: 2  Duplicates: 0  Warnings: 3"}));
    EXPECT_EQ(done.meaning, std::vector{Kind::ok});
    EXPECT_EQ(done.outcome.affected_rows, 2u);
    EXPECT_EQ(done.outcome.last_insert_id, 1u);
    EXPECT_EQ(done.outcome.warnings, 3u);
    EXPECT_FALSE(done.outcome.rows_last);
    EXPECT_FALSE(done.outcome.failed);
}

TEST(MysqlReplyTracker, rows_end_with_the_second_eof) {
    const auto done =
        expect_complete(query, reply({hex("01"), column, eof, hex("01 31"), hex("01 32"), eof}));
    EXPECT_EQ(done.meaning, (std::vector{Kind::columns, Kind::eof, Kind::eof}));
    EXPECT_EQ(done.outcome.rows, 2u);
    EXPECT_EQ(done.outcome.results, 1u);
    EXPECT_TRUE(done.outcome.rows_last);
}

TEST(MysqlReplyTracker, rows_end_with_an_ok_where_eof_is_deprecated) {
    const auto done = expect_complete(
        query, reply({hex("01"), column, hex("01 31"), hex("01 32"), ok_end}), without_eof);
    EXPECT_EQ(done.meaning, (std::vector{Kind::columns, Kind::ok}));
    EXPECT_EQ(done.outcome.rows, 2u);
    EXPECT_TRUE(done.outcome.rows_last);
}

TEST(MysqlReplyTracker, an_ok_that_ends_rows_may_tell_a_change_at_length) {
    // COMMIT's state in the end of a result of MariaDB 10.11.
    const std::string end = hex("fe 00 00 23 40 00 00 00 0b 05 09 08") + "T_R___S_";
    const auto done =
        expect_complete(query, reply({hex("01"), column, hex("01 31"), end}), without_eof | tracks);
    EXPECT_EQ(done.outcome.rows, 1u);
    EXPECT_TRUE(done.outcome.state_changed);
}

TEST(MysqlReplyTracker, a_result_may_have_no_rows) {
    EXPECT_EQ(expect_complete(query, reply({hex("01"), column, eof, eof})).outcome.rows, 0u);
    expect_complete(query, reply({hex("01"), column, ok_end}), without_eof);
}

TEST(MysqlReplyTracker, a_row_may_begin_with_0xfe_when_it_is_long) {
    const std::string row = hex("fe 05 00 00 00 00 00 00 00") + "12345";
    const auto done = expect_complete(query, reply({hex("01"), column, eof, row, eof}));
    EXPECT_EQ(done.outcome.rows, 1u);

    // With an OK at the end only the longest packets are rows.
    std::string huge = hex("fe 00 00 00 01 00 00 00 00");
    huge.append(std::size_t{1} << 24U, 'x');
    ReplyTracker tracker;
    tracker.reset(without_eof);
    tracker.sent(query);
    std::string stream = reply({hex("01"), column}) + packet(3, huge) + packet(5, ok_end);
    const Followed followed = follow(tracker, stream, 100000);
    EXPECT_EQ(followed.done, 1u);
    EXPECT_EQ(followed.outcome.rows, 1u);
    EXPECT_EQ(followed.bytes, stream);
}

TEST(MysqlReplyTracker, an_error_ends_a_reply_at_once_and_in_the_middle_of_rows) {
    const auto at_once = expect_complete(query, reply({error}));
    EXPECT_TRUE(at_once.outcome.failed);
    EXPECT_EQ(at_once.outcome.error, 1054);
    EXPECT_EQ(std::string_view(at_once.outcome.sqlstate.data(), 5), "42S22");
    for (const std::uint32_t capabilities : {std::uint32_t{0}, without_eof}) {
        std::string stream = reply({hex("01"), column});
        unsigned next = 3;
        if (capabilities == 0) stream += packet(next++, eof);
        const auto late = expect_complete(
            query, stream + packet(next, hex("01 31")) + packet(next + 1, error), capabilities);
        EXPECT_TRUE(late.outcome.failed);
        EXPECT_EQ(late.outcome.rows, 1u);
        expect_complete(query, stream + packet(next, error), capabilities);
    }
}

TEST(MysqlReplyTracker, more_results_go_on_until_the_last) {
    const auto done =
        expect_complete(query, reply({ok_more, hex("01"), column, eof_more, hex("01 31"), eof_more,
                                      hex("01"), column, eof, hex("01 32"), hex("01 33"), eof}));
    EXPECT_EQ(done.outcome.results, 2u);
    EXPECT_EQ(done.outcome.rows, 2u);
    EXPECT_EQ(done.outcome.affected_rows, 1u);
    EXPECT_EQ(done.outcome.last_insert_id, 5u);
    expect_complete(query, reply({hex("01"), column, hex("01 31"), ok_end_more, ok}), without_eof);
    const auto failed = expect_complete(query, reply({ok_more, error}));
    EXPECT_TRUE(failed.outcome.failed);
}

TEST(MysqlReplyTracker, an_error_makes_the_status_uncertain_and_a_ping_clears_it_up) {
    ReplyTracker tracker;
    tracker.reset(0);
    tracker.sent(query);
    EXPECT_EQ(follow(tracker, reply({error})).done, 1u);
    EXPECT_FALSE(tracker.status_certain());
    tracker.sent({.command = Command::ping, .hidden = true});
    EXPECT_EQ(follow(tracker, reply({hex("00 00 00 03 00 00 00")})).done, 1u);
    EXPECT_TRUE(tracker.status_certain());
    EXPECT_TRUE(tracker.has(status::in_transaction));
}

TEST(MysqlReplyTracker, status_flags_are_those_of_the_last_packet_that_has_some) {
    ReplyTracker tracker;
    tracker.reset(0, status::autocommit | status::no_backslash_escapes);
    EXPECT_TRUE(tracker.has(status::no_backslash_escapes));
    tracker.sent(query);
    follow(tracker, reply({hex("00 00 00 03 00 00 00")}));
    EXPECT_EQ(tracker.status(), status::autocommit | status::in_transaction);
    tracker.sent(query);
    follow(tracker, reply({hex("01"), column, hex("fe 01 00 02 00"), hex("fe 02 00 22 00")}));
    EXPECT_EQ(tracker.status(), status::autocommit | status::no_index_used);
    EXPECT_EQ(tracker.outcome().warnings, 2);
}

TEST(MysqlReplyTracker, prepare_ends_with_its_last_block) {
    const AskedCommand prepare = asked(Command::stmt_prepare);
    const std::string both = hex("00 01 00 00 00 01 00 02 00 00 01 00");
    const auto done = expect_complete(prepare, reply({both, column, column, eof, column, eof}));
    EXPECT_EQ(done.outcome.statement_id, 1u);
    EXPECT_EQ(done.outcome.parameters, 2);
    EXPECT_EQ(done.outcome.columns, 1);
    EXPECT_EQ(done.outcome.warnings, 0) << "of the last EOF";
    EXPECT_EQ(done.meaning, (std::vector{Kind::prepared, Kind::eof, Kind::eof}));
    expect_complete(prepare, reply({both, column, column, column}), without_eof);

    const std::string parameters = hex("00 04 00 00 00 00 00 01 00 00 00 00");
    expect_complete(prepare, reply({parameters, column, eof}));
    expect_complete(prepare, reply({parameters, column}), without_eof);
    const std::string columns = hex("00 02 00 00 00 01 00 00 00 00 00 00");
    expect_complete(prepare, reply({columns, column, eof}));
    expect_complete(prepare, reply({columns, column}), without_eof);
    const std::string neither = hex("00 03 00 00 00 00 00 00 00 00 00 00");
    expect_complete(prepare, reply({neither}));
    expect_complete(prepare, reply({neither}), without_eof);
    EXPECT_TRUE(expect_complete(prepare, reply({error})).outcome.failed);
    expect_desync(prepare, reply({hex("00 03 00 00 00 00 00 00")}));
}

TEST(MysqlReplyTracker, a_cursor_s_reply_ends_behind_its_columns) {
    const AskedCommand open{.command = Command::stmt_execute, .cursor = true};
    const auto opened = expect_complete(open, reply({hex("01"), column, hex("fe 00 00 42 00")}));
    EXPECT_EQ(opened.outcome.rows, 0u);
    expect_complete(open, reply({hex("01"), column, hex("fe 00 00 42 00 00 00")}), without_eof);
    // It may not open one: the rows come at once.
    expect_complete(open, reply({hex("01"), column, eof, hex("00 00 01 00 00 00"), eof}));
}

TEST(MysqlReplyTracker, a_procedure_s_own_cursor_ends_nothing) {
    // CALL of a procedure that has a cursor open while it gives two results.
    const std::string eof_cursor = hex("fe 00 00 6a 00");
    const std::string stream = reply({hex("01"), column, eof_cursor, hex("01 35"), eof_cursor, ok});
    EXPECT_EQ(expect_complete(query, stream).outcome.rows, 1u);
    expect_complete({.command = Command::stmt_execute, .cursor = true}, stream);
    const std::string unasked = hex("fe 00 00 42 00");
    expect_complete(query, reply({hex("01"), column, unasked, hex("01 35"), unasked}));
}

TEST(MysqlReplyTracker, fetch_gives_rows_and_an_end) {
    const AskedCommand fetch = asked(Command::stmt_fetch);
    const std::string row = hex("00 00 01 00 00 00");
    EXPECT_EQ(expect_complete(fetch, reply({row, row, hex("fe 00 00 42 00")})).outcome.rows, 2u);
    expect_complete(fetch, reply({hex("fe 00 00 82 00")}));
    expect_complete(fetch, reply({row, hex("fe 00 00 82 00 00 00")}), without_eof);
    expect_complete(fetch, reply({error}));
}

TEST(MysqlReplyTracker, out_parameters_are_a_result_of_their_own) {
    const std::string end = hex("fe 00 00 0a 10");
    expect_complete(asked(Command::stmt_execute),
                    reply({hex("01"), column, end, hex("00 00 03 00 00 00"), end, ok}));
}

TEST(MysqlReplyTracker, odd_commands_end_in_their_own_ways) {
    expect_complete(asked(Command::statistics), reply({"Uptime: 9  Threads: 1"}));
    expect_complete(asked(Command::field_list), reply({column + hex("01 30"), column, eof}));
    expect_complete(asked(Command::field_list), reply({column, ok_end}), without_eof);
    expect_complete(asked(Command::field_list), reply({error}));
    expect_complete(asked(Command::set_option), reply({hex("fe 00 00 02 00")}));
    expect_complete(asked(Command::set_option), reply({ok_end}), without_eof);
    expect_complete(asked(Command::debug), reply({hex("fe 00 00 02 00")}));
    expect_complete(asked(Command::process_info),
                    reply({hex("01"), column, eof, hex("01 33"), eof}));
    for (const Command command : {Command::ping, Command::init_db, Command::reset_connection,
                                  Command::stmt_reset, Command::process_kill, Command::refresh}) {
        expect_complete(asked(command), reply({ok}));
        EXPECT_TRUE(expect_complete(asked(command), reply({error})).outcome.failed);
    }
}

TEST(MysqlReplyTracker, commands_without_a_reply_are_not_waited_for) {
    ReplyTracker tracker;
    tracker.reset(0);
    for (const Command command :
         {Command::stmt_send_long_data, Command::stmt_close, Command::quit}) {
        tracker.sent(asked(command));
    }
    EXPECT_TRUE(tracker.settled());
}

TEST(MysqlReplyTracker, a_file_flows_between_its_wish_and_the_answer) {
    for (const std::size_t size : {1, 1000}) {
        ReplyTracker tracker;
        tracker.reset(0);
        tracker.sent(query);
        const Followed wish = follow(tracker, reply({hex("fb 66")}), size);
        EXPECT_EQ(wish.meaning, std::vector{Kind::local_infile});
        EXPECT_EQ(wish.done, 0u);
        ASSERT_TRUE(tracker.wants_file());
        tracker.file_sent(3);
        EXPECT_FALSE(tracker.wants_file());
        const Followed loaded = follow(tracker, packet(4, hex("00 02 00 02 00 00 00")), size);
        EXPECT_EQ(loaded.done, 1u);
        EXPECT_EQ(loaded.outcome.affected_rows, 2u);
    }
}

TEST(MysqlReplyTracker, nothing_may_come_while_a_file_is_waited_for_nor_its_answer_out_of_step) {
    expect_desync(query, reply({hex("fb 66"), ok}));
    ReplyTracker tracker;
    tracker.reset(0);
    tracker.sent(query);
    follow(tracker, reply({hex("fb 66")}));
    tracker.file_sent(3);
    EXPECT_EQ(follow(tracker, packet(5, ok)).verdict, Verdict::desync);
}

TEST(MysqlReplyTracker, pipelined_commands_have_their_own_replies) {
    ReplyTracker tracker;
    tracker.reset(0);
    tracker.sent({.command = Command::reset_connection, .hidden = true, .note = 7});
    tracker.sent(query);
    EXPECT_EQ(tracker.outstanding(), 2u);
    EXPECT_EQ(tracker.current().note, 7u);
    const std::string stream = reply({ok}) + reply({hex("01"), column, eof, hex("01 31"), eof});
    std::string_view chunk = stream;
    ReplyTracker::Part part;
    ASSERT_EQ(tracker.next(chunk, part), Verdict::part);
    EXPECT_TRUE(part.asked.hidden && part.done);
    EXPECT_EQ(part.asked.note, 7u);
    EXPECT_FALSE(tracker.settled());
    const Followed rest = follow(tracker, chunk);
    EXPECT_EQ(rest.done, 1u);
    EXPECT_TRUE(tracker.settled());
}

TEST(MysqlReplyTracker, many_pipelined_commands_are_answered_in_order) {
    ReplyTracker tracker;
    tracker.reset(0);
    std::string stream;
    for (std::uint32_t i = 0; i < 300; ++i) {
        tracker.sent({.command = Command::ping, .note = i});
        stream += reply({ok});
    }
    std::string_view chunk = stream;
    ReplyTracker::Part part;
    for (std::uint32_t i = 0; i < 300; ++i) {
        ASSERT_EQ(tracker.next(chunk, part), Verdict::part);
        EXPECT_EQ(part.asked.note, i);
    }
    EXPECT_TRUE(tracker.settled());
}

TEST(MysqlReplyTracker, a_reply_continues_the_sequence_of_a_long_command) {
    AskedCommand lengthy = query;
    lengthy.last_sequence = 255;
    expect_complete(lengthy, reply({ok}, 0));
    expect_desync(lengthy, reply({ok}, 1));
}

TEST(MysqlReplyTracker, an_error_that_nothing_asked_for_is_a_farewell) {
    const std::string killed = hex("ff 87 07 23") + "70100Connection was killed";
    for (const unsigned sequence : {0U, 1U, 9U}) {
        ReplyTracker tracker;
        tracker.reset(0);
        std::string stream = packet(sequence, killed);
        std::string_view chunk = stream;
        ReplyTracker::Part part;
        ASSERT_EQ(tracker.next(chunk, part), Verdict::farewell);
        EXPECT_EQ(tracker.outcome().error, 1927);
        EXPECT_TRUE(tracker.settled());
    }
    // It may cross with a command; then only its sequence tells.
    ReplyTracker tracker;
    tracker.reset(0);
    tracker.sent(query);
    EXPECT_EQ(follow(tracker, packet(0, killed)).verdict, Verdict::need_more);
    EXPECT_TRUE(tracker.outcome().failed);
    EXPECT_EQ(tracker.outstanding(), 1u);
}

TEST(MysqlReplyTracker, what_the_server_can_t_mean_is_a_desync) {
    ReplyTracker idle;
    idle.reset(0);
    EXPECT_EQ(follow(idle, reply({ok})).verdict, Verdict::desync);
    expect_desync(query, reply({ok}, 2));
    expect_desync(query, reply({hex("01"), column, hex("01 31")}));    // no EOF
    expect_desync(query, reply({hex("01"), eof}));                     // too few columns
    expect_desync(query, reply({hex("01 01")}));                       // no count
    expect_desync(query, reply({hex("fe ff ff ff ff ff ff ff ff")}));  // too many
    expect_desync(query, reply({hex("00 01")}));                       // half an OK
    expect_desync(query, reply({hex("ff 01")}));                       // half an ERR
    expect_desync(query, packet(1, ""));
    expect_desync(asked(Command::ping), reply({hex("01")}));
    expect_desync(asked(Command::stmt_prepare), reply({hex("02")}));
    expect_desync(query, reply({hex("01"), column}) + packet(9, eof));  // out of step
}

TEST(MysqlReplyTracker, an_ok_tells_what_has_changed_even_when_it_comes_in_pieces) {
    std::string state;
    put_state_change(
        state, {StateChange::Kind::system_variable, false, "sql_mode", std::string(2000, 'A')});
    std::string stream;
    std::uint8_t sequence = 1;
    Ok changed;
    changed.session_state = state;
    append_ok(stream, sequence, changed, tracks);
    const Followed done = expect_complete(query, stream, tracks);
    EXPECT_TRUE(done.outcome.state_changed);
    EXPECT_FALSE(expect_complete(query, reply({ok}), tracks).outcome.state_changed);
}

TEST(MysqlReplyTracker, a_packet_that_means_something_is_not_kept_without_bound) {
    std::string endless = ok;
    endless.append(std::size_t{2} << 20U, 'x');
    ReplyTracker tracker;
    tracker.reset(0);
    tracker.sent(query);
    EXPECT_EQ(follow(tracker, reply({endless}), 4096).verdict, Verdict::desync);
}

TEST(MysqlReplyTracker, begins_anew_with_a_new_connection) {
    ReplyTracker tracker;
    tracker.reset(0);
    tracker.sent(query);
    EXPECT_EQ(follow(tracker, reply({hex("01"), column}).substr(0, 10)).done, 0u);
    tracker.reset(without_eof);
    EXPECT_TRUE(tracker.settled());
    EXPECT_EQ(tracker.capabilities(), without_eof);
    tracker.sent(query);
    EXPECT_EQ(follow(tracker, reply({ok})).done, 1u);
}

}  // namespace reply_tracker_test
}  // namespace weir::wire::mysql
