// Finds packet boundaries in either direction of a connection: headers only, the payload is never
// copied or kept. A packet of 0xffffff bytes and those that continue it are one message. Pure; one
// scanner for each direction of each connection.
// A message whole in its chunk, which is nearly every one, is taken here in the header; what is
// split over chunks or packets goes through packet_scanner.cpp.
// Source: "Client/Server Protocol", "0 - Packet": 3 bytes of length, 1 of sequence, little endian.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/mysql/protocol.h"

namespace weir::wire::mysql {

// A stretch of one packet that lies in one chunk. A message whole in its chunk is one piece with
// first and last set; a longer one is a first piece, any number of middles and a last one.
struct Piece {
    std::uint8_t sequence = 0;  // of the packet that it is part of
    std::uint8_t lead = 0;      // first byte of the message: a command, an answer's kind; 0: empty
    std::uint32_t length = 0;   // payload of the message's first packet; below 0xffffff: all of it
    bool first = false;         // header and lead are known as of this piece
    bool last = false;          // the message ends with this piece
    std::string_view carried;   // header bytes of earlier chunks, to be sent before `bytes`; lies
                                // in the scanner, good until its next call
    std::string_view bytes;     // of this chunk: header (what `carried` lacks) and payload
    std::string_view payload;   // the part of `bytes` that is payload
};

class PacketScanner {
  public:
    enum class Status : std::uint8_t {
        piece,
        need_more,
        out_of_step,  // a sequence id that is not the next; for good
        too_long      // a message longer than `maximum`; for good
    };
    static constexpr std::uint64_t usual_maximum = std::uint64_t{1} << 30U;  // max_allowed_packet's

    explicit PacketScanner(std::uint64_t maximum = usual_maximum) : maximum_(maximum) {}

    // The sequence id that the next packet must have: 0 for a command, one more than the last of
    // the command for its reply. Precondition of both: between messages.
    void expect(std::uint8_t sequence) {
        expected_ = sequence;
        any_ = false;
    }
    // The next packet may have any: its owner judges it.
    void expect_any() { any_ = true; }
    [[nodiscard]] std::uint8_t expected() const { return expected_; }
    void limit(std::uint64_t maximum) { maximum_ = maximum; }

    // Takes the next piece off the front of `chunk`. need_more: `chunk` is used up; an unfinished
    // header, or a whole one without its lead (at most 4 bytes) is kept and comes back as
    // `carried`.
    [[nodiscard]] Status next(std::string_view& chunk, Piece& piece) {
        if (between_messages() && chunk.size() > packet_header_size) {
            const std::uint32_t length = length_at(chunk.data());
            const auto sequence = static_cast<std::uint8_t>(chunk[3]);
            if (length < longest_packet && length <= maximum_ && length != 0 &&
                length + packet_header_size <= chunk.size() && (any_ || sequence == expected_)) {
                piece.sequence = sequence;
                piece.lead = static_cast<std::uint8_t>(chunk[packet_header_size]);
                piece.length = length;
                piece.first = piece.last = true;
                piece.carried = {};
                piece.bytes = chunk.substr(0, length + packet_header_size);
                piece.payload = piece.bytes.substr(packet_header_size);
                chunk.remove_prefix(piece.bytes.size());
                expected_ = static_cast<std::uint8_t>(sequence + 1U);
                any_ = false;
                return Status::piece;
            }
        }
        return next_split(chunk, piece);
    }

    // Takes at most `most` messages that lie whole at the front of `chunk`, are in step and can be
    // nothing but rows or definitions (their lead is below 0xfe) and returns their bytes: they pass
    // without a piece each. `count` grows by their number. Stops before anything else, which next()
    // then judges.
    [[nodiscard]] std::string_view take_run(std::string_view& chunk, std::uint64_t most,
                                            std::uint64_t& count);

    [[nodiscard]] bool between_messages() const { return state_ == State::between; }
    // Bytes of a header that has begun, but that no piece has shown yet.
    [[nodiscard]] std::string_view unfinished_header() const;

  private:
    enum class State : std::uint8_t {
        between,
        header,  // inside a packet's header, or behind it and before the message's lead
        payload
    };

    static std::uint32_t length_at(const char* p) {
        const auto byte = [p](int i) {
            return static_cast<std::uint32_t>(static_cast<unsigned char>(p[i]));
        };
        return byte(0) | byte(1) << 8U | byte(2) << 16U;
    }

    Status next_split(std::string_view& chunk, Piece& piece);
    Status more_header(std::string_view& chunk, Piece& piece);
    Status judge_header();
    void pass_payload(std::size_t size, Piece& piece);

    std::uint64_t maximum_;
    std::uint64_t message_ = 0;  // payload of the message's packets so far
    std::uint32_t length_ = 0;   // of the message's first packet
    std::uint32_t packet_ = 0;   // payload of this packet
    std::uint32_t left_ = 0;     // of it
    State state_ = State::between;
    Status broken_ = Status::piece;
    std::uint8_t expected_ = 0;
    std::uint8_t sequence_ = 0;
    std::uint8_t lead_ = 0;
    std::uint8_t header_have_ = 0;
    bool any_ = false;
    bool continues_ = false;  // this packet belongs to a message that has begun
    std::array<char, packet_header_size> header_{};
};

}  // namespace weir::wire::mysql
