#include "wire/mysql/packet_scanner.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/mysql/bytes.h"

namespace weir::wire::mysql {
namespace {

using test::packet;
using Status = PacketScanner::Status;

struct Message {
    std::uint8_t lead = 0;
    std::uint32_t length = 0;
    std::string payload;
};

struct Scanned {
    std::vector<Message> messages;
    std::string bytes;  // carried and new, as they would be passed on
    Status end = Status::need_more;
};

Scanned scan(PacketScanner& scanner, std::string_view stream, std::size_t size) {
    Scanned out;
    Message message;
    Piece piece;
    for (std::size_t at = 0; at < stream.size(); at += size) {
        std::string_view chunk = stream.substr(at, size);
        while ((out.end = scanner.next(chunk, piece)) == Status::piece) {
            if (piece.first) message = Message{piece.lead, piece.length, {}};
            EXPECT_EQ(piece.lead, message.lead);
            EXPECT_EQ(piece.length, message.length);
            message.payload.append(piece.payload);
            out.bytes.append(piece.carried).append(piece.bytes);
            if (piece.last) out.messages.push_back(message);
        }
        if (out.end != Status::need_more) break;
        EXPECT_TRUE(chunk.empty());
    }
    return out;
}

TEST(PacketScanner, finds_the_same_messages_however_the_stream_is_cut) {
    const std::string stream = packet(0, "\x03SELECT 1") + packet(1, "") + packet(2, "x") +
                               packet(3, std::string(300, 'y'));
    for (std::size_t size = 1; size <= stream.size(); ++size) {
        PacketScanner scanner;
        const Scanned found = scan(scanner, stream, size);
        ASSERT_EQ(found.messages.size(), 4u) << size;
        EXPECT_EQ(found.messages[0].lead, 3);
        EXPECT_EQ(found.messages[0].payload, "\x03SELECT 1");
        EXPECT_EQ(found.messages[1].lead, 0);
        EXPECT_EQ(found.messages[1].length, 0u);
        EXPECT_EQ(found.messages[3].length, 300u);
        EXPECT_EQ(found.bytes, stream);
        EXPECT_TRUE(scanner.between_messages());
    }
}

TEST(PacketScanner, joins_a_packet_of_0xffffff_bytes_with_those_that_continue_it) {
    const std::string payload(std::size_t{longest_packet} + 5, 'z');
    const std::string stream = packet(7, payload) + packet(9, "a");
    for (const std::size_t size :
         {stream.size(), std::size_t{65536}, std::size_t{longest_packet}}) {
        PacketScanner scanner;
        scanner.expect(7);
        const Scanned found = scan(scanner, stream, size);
        ASSERT_EQ(found.messages.size(), 2u);
        EXPECT_EQ(found.messages[0].length, longest_packet);
        EXPECT_EQ(found.messages[0].payload, payload);
        EXPECT_EQ(found.messages[1].payload, "a");
        EXPECT_EQ(found.bytes, stream);
    }
}

TEST(PacketScanner, ends_a_message_of_whole_packets_with_an_empty_one) {
    const std::string payload(longest_packet, 'z');
    PacketScanner scanner;
    const std::string stream = packet(255, payload);
    ASSERT_EQ(stream.size(), payload.size() + 8);
    scanner.expect(255);
    const Scanned found = scan(scanner, stream, 100000);
    ASSERT_EQ(found.messages.size(), 1u);
    EXPECT_EQ(found.messages[0].payload, payload);
    EXPECT_EQ(scanner.expected(), 1);  // 255, 0 and then 1
}

TEST(PacketScanner, refuses_a_sequence_id_that_is_not_the_next) {
    for (const std::size_t size : {1, 100}) {
        PacketScanner scanner;
        EXPECT_EQ(scan(scanner, packet(1, "a"), size).end, Status::out_of_step);
        EXPECT_EQ(scan(scanner, packet(0, "a"), size).end, Status::out_of_step) << "for good";
    }
    PacketScanner scanner;
    EXPECT_EQ(scan(scanner, packet(0, "a") + packet(2, "b"), 100).end, Status::out_of_step);
}

TEST(PacketScanner, takes_any_sequence_id_once_where_its_owner_judges) {
    PacketScanner scanner;
    scanner.expect_any();
    EXPECT_EQ(scan(scanner, packet(9, "a"), 2).messages.size(), 1u);
    EXPECT_EQ(scanner.expected(), 10);
    EXPECT_EQ(scan(scanner, packet(9, "a"), 2).end, Status::out_of_step);
}

TEST(PacketScanner, refuses_a_message_longer_than_its_maximum) {
    for (const std::size_t size : {1, 100}) {
        PacketScanner scanner(8);
        EXPECT_EQ(scan(scanner, packet(0, "12345678"), size).messages.size(), 1u);
        EXPECT_EQ(scan(scanner, packet(1, "123456789"), size).end, Status::too_long);
    }
    PacketScanner scanner(longest_packet + 1);
    const std::string whole(std::size_t{longest_packet} + 2, 'x');
    EXPECT_EQ(scan(scanner, packet(0, whole), 4096).end, Status::too_long);
}

TEST(PacketScanner, shows_a_header_only_with_the_first_byte_behind_it) {
    PacketScanner scanner;
    const std::string stream = packet(0, "\x03x");
    Piece piece;
    std::string_view header = std::string_view(stream).substr(0, 4);
    EXPECT_EQ(scanner.next(header, piece), Status::need_more);
    EXPECT_EQ(scanner.unfinished_header(), stream.substr(0, 4));
    std::string_view rest = std::string_view(stream).substr(4);
    ASSERT_EQ(scanner.next(rest, piece), Status::piece);
    EXPECT_EQ(piece.carried, stream.substr(0, 4));
    EXPECT_EQ(piece.bytes, "\x03x");
    EXPECT_EQ(piece.lead, 3);
    EXPECT_EQ(scanner.unfinished_header(), "");
}

TEST(PacketScanner, takes_a_run_up_to_what_may_mean_something) {
    const std::string rows = packet(4, "a") + packet(5, "\xfb\x01");
    const std::string stream = rows + packet(6, "\xfe") + packet(7, "b");
    PacketScanner scanner;
    scanner.expect(4);
    std::string_view chunk = stream;
    std::uint64_t count = 0;
    EXPECT_EQ(scanner.take_run(chunk, 100, count), rows);
    EXPECT_EQ(count, 2u);
    EXPECT_EQ(scanner.take_run(chunk, 100, count), "");
    Piece piece;
    ASSERT_EQ(scanner.next(chunk, piece), Status::piece);
    EXPECT_EQ(piece.lead, eof_lead);
}

TEST(PacketScanner, takes_no_more_of_a_run_than_it_is_told_nor_out_of_step_nor_unfinished) {
    const std::string stream = packet(0, "a") + packet(1, "b") + packet(3, "c");
    std::uint64_t count = 0;
    PacketScanner limited, strict, cut;
    std::string_view chunk = stream;
    EXPECT_EQ(limited.take_run(chunk, 1, count), packet(0, "a"));
    chunk = stream;
    EXPECT_EQ(strict.take_run(chunk, 9, count), packet(0, "a") + packet(1, "b"));
    chunk = std::string_view(stream).substr(0, 9);
    EXPECT_EQ(cut.take_run(chunk, 9, count), packet(0, "a"));

    // Nor the first of several packets: what continues it is no row of its own.
    const std::string lengthy = packet(0, std::string(std::size_t{longest_packet} + 3, 'x'));
    PacketScanner continued;
    chunk = lengthy;
    count = 0;
    EXPECT_EQ(continued.take_run(chunk, 9, count), "");
    EXPECT_EQ(count, 0u);
}

}  // namespace
}  // namespace weir::wire::mysql
