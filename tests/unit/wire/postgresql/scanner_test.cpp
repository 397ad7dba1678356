#include "wire/postgresql/scanner.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace weir::wire::postgresql {
namespace {

using Status = Scanner::Status;

std::string header(char type, std::uint32_t announced) {
    std::string bytes(1, type);
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        bytes.push_back(static_cast<char>(announced >> shift & 0xffU));
    }
    return bytes;
}

std::string message(char type, std::string_view body) {
    return header(type, static_cast<std::uint32_t>(body.size() + 4)) + std::string(body);
}

struct Seen {
    char type = 0;
    std::uint32_t length = 0;
    std::string bytes, body;
    bool operator==(const Seen&) const = default;
};

// Feeds `stream` in chunks of `size` and puts the pieces together again.
std::vector<Seen> scan(std::string_view stream, std::size_t size) {
    Scanner scanner;
    std::vector<Seen> seen;
    for (std::size_t at = 0; at < stream.size(); at += size) {
        std::string_view chunk = stream.substr(at, size);
        Piece piece;
        for (;;) {
            const Status status = scanner.next(chunk, piece);
            EXPECT_NE(status, Status::invalid);
            if (status != Status::piece) break;
            if (piece.first) seen.push_back({piece.type, piece.length, {}, {}});
            EXPECT_EQ(piece.type, seen.back().type);
            EXPECT_EQ(piece.length, seen.back().length);
            seen.back().bytes.append(piece.carried).append(piece.bytes);
            seen.back().body.append(piece.body);
            EXPECT_EQ(piece.last, seen.back().bytes.size() == seen.back().length);
        }
        EXPECT_TRUE(chunk.empty());
    }
    EXPECT_TRUE(scanner.between_messages());
    return seen;
}

TEST(Scanner, message_whole_in_its_chunk_is_one_piece) {
    const std::string bytes = message('Q', "select 1");
    std::string_view chunk = bytes;
    Scanner scanner;
    Piece piece;
    ASSERT_EQ(scanner.next(chunk, piece), Status::piece);
    EXPECT_EQ(piece.type, 'Q');
    EXPECT_EQ(piece.length, bytes.size());
    EXPECT_TRUE(piece.first);
    EXPECT_TRUE(piece.last);
    EXPECT_EQ(piece.carried, "");
    EXPECT_EQ(piece.bytes, bytes);
    EXPECT_EQ(piece.body, "select 1");
    EXPECT_TRUE(chunk.empty());
    EXPECT_EQ(scanner.next(chunk, piece), Status::need_more);
}

TEST(Scanner, any_cut_of_a_stream_gives_the_same_messages) {
    std::string stream = message('P', std::string("\0select 1\0\0\0", 12)) + message('S', "") +
                         message('D', std::string(300, 'x')) + message('Z', "I") + message('H', "");
    const std::vector<Seen> whole = scan(stream, stream.size());
    ASSERT_EQ(whole.size(), 5U);
    EXPECT_EQ(whole[1], (Seen{'S', 5, message('S', ""), ""}));
    EXPECT_EQ(whole[2].body, std::string(300, 'x'));
    for (std::size_t size = 1; size < stream.size(); ++size) {
        EXPECT_EQ(scan(stream, size), whole) << "in chunks of " << size;
    }
}

TEST(Scanner, a_split_header_comes_back_as_carried) {
    const std::string bytes = message('D', "row");
    Scanner scanner;
    Piece piece;
    std::string_view chunk = std::string_view(bytes).substr(0, 3);
    EXPECT_EQ(scanner.next(chunk, piece), Status::need_more);
    EXPECT_FALSE(scanner.between_messages());
    chunk = std::string_view(bytes).substr(3);
    ASSERT_EQ(scanner.next(chunk, piece), Status::piece);
    EXPECT_EQ(piece.carried, bytes.substr(0, 3));
    EXPECT_EQ(piece.bytes, bytes.substr(3));
    EXPECT_EQ(piece.body, "row");
    EXPECT_TRUE(piece.first && piece.last);
}

TEST(Scanner, a_header_at_the_end_of_a_chunk_is_a_first_piece_without_body) {
    const std::string bytes = message('d', "data");
    Scanner scanner;
    Piece piece;
    std::string_view chunk = std::string_view(bytes).substr(0, 5);
    ASSERT_EQ(scanner.next(chunk, piece), Status::piece);
    EXPECT_TRUE(piece.first);
    EXPECT_FALSE(piece.last);
    EXPECT_EQ(piece.body, "");
    chunk = std::string_view(bytes).substr(5);
    ASSERT_EQ(scanner.next(chunk, piece), Status::piece);
    EXPECT_FALSE(piece.first);
    EXPECT_TRUE(piece.last);
    EXPECT_EQ(piece.body, "data");
}

TEST(Scanner, a_gigabyte_streams_without_being_kept) {
    Scanner scanner;
    Piece piece;
    const std::string head = header('D', 0x40000000);
    std::string_view chunk = head;
    ASSERT_EQ(scanner.next(chunk, piece), Status::piece);
    const std::string block(1U << 20U, 'x');
    std::uint64_t received = head.size();
    while (!piece.last) {
        chunk = block;
        ASSERT_EQ(scanner.next(chunk, piece), Status::piece);
        received += piece.bytes.size();
    }
    EXPECT_EQ(received, 0x40000001U);
    EXPECT_EQ(chunk.size(), block.size() - (0x40000000U - 4) % block.size());
}

TEST(Scanner, lengths_out_of_bounds_are_invalid_for_good) {
    for (const std::uint32_t announced : {0U, 3U, 1001U, 0x40000000U, 0x7fffffffU, 0xffffffffU}) {
        const std::string bytes = header('Q', announced);
        for (const std::size_t size : {std::size_t{1}, bytes.size()}) {
            Scanner scanner(1000);
            Piece piece;
            Status status = Status::need_more;
            for (std::size_t at = 0; at < bytes.size(); at += size) {
                std::string_view chunk = std::string_view(bytes).substr(at, size);
                status = scanner.next(chunk, piece);
            }
            EXPECT_EQ(status, Status::invalid) << announced;
            const std::string good = message('S', "");
            std::string_view chunk = good;
            EXPECT_EQ(scanner.next(chunk, piece), Status::invalid) << announced;
            EXPECT_FALSE(scanner.between_messages());
        }
    }
}

TEST(Scanner, the_longest_message_allowed_is_valid) {
    Scanner scanner(1000);
    Piece piece;
    const std::string bytes = message('Q', std::string(996, 'x'));
    std::string_view chunk = bytes;
    EXPECT_EQ(scanner.next(chunk, piece), Status::piece);
    EXPECT_TRUE(piece.last);
}

TEST(Scanner, a_run_takes_whole_messages_of_its_type_only) {
    const std::string rows = message('D', "a") + message('D', "") + message('D', "ccc");
    const std::string bytes = rows + message('C', "SELECT 3") + message('D', "x");
    std::string_view chunk = bytes;
    const Scanner scanner;
    EXPECT_EQ(scanner.take_run('D', chunk), rows);
    EXPECT_EQ(chunk, bytes.substr(rows.size()));
    EXPECT_EQ(scanner.take_run('D', chunk), "");
}

TEST(Scanner, a_run_leaves_unfinished_and_invalid_messages_to_next) {
    const std::string row = message('D', "a");
    for (const std::string& tail : {std::string("D\0\0", 3), header('D', 9) + "1234",
                                    header('D', 3), header('D', 0xffffffff), header('D', 5)}) {
        const std::string bytes = row + tail;
        std::string_view chunk = bytes;
        EXPECT_EQ(Scanner().take_run('D', chunk), row);
        EXPECT_EQ(chunk, tail);
    }
}

TEST(Scanner, a_run_takes_nothing_in_the_middle_of_a_message) {
    Scanner scanner;
    Piece piece;
    const std::string head = header('D', 20);
    std::string_view chunk = head;
    ASSERT_EQ(scanner.next(chunk, piece), Status::piece);
    const std::string looks_like_a_row = message('D', "a");
    chunk = looks_like_a_row;
    EXPECT_EQ(scanner.take_run('D', chunk), "");
    EXPECT_EQ(chunk, looks_like_a_row);
}

}  // namespace
}  // namespace weir::wire::postgresql
