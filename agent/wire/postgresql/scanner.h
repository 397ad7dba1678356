// Finds message boundaries in either direction of an established connection: headers only, the
// payload is never copied or kept. Pure; one scanner for each direction of each connection.
// A message whole in its chunk, which is nearly every one, costs a load and two compares here in
// the header; what is split over chunks goes through scanner.cpp.
// Source: PostgreSQL documentation, "Frontend/Backend Protocol", "Message Formats".
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::wire::postgresql {

// A stretch of one message that lies in one chunk. A message whole in its chunk is one piece with
// first and last set; a longer one is a first piece, any number of middles and a last one.
struct Piece {
    char type = 0;
    std::uint32_t length = 0;  // of the whole message, its type byte and length field included
    bool first = false;        // the header is complete as of this piece
    bool last = false;         // the message ends with this piece
    std::string_view carried;  // header bytes of earlier chunks, to be sent before `bytes` (first
                               // only); lies in the scanner, good until its next call
    std::string_view bytes;    // of this chunk: header (what `carried` lacks) and body
    std::string_view body;     // the part of `bytes` that is body
};

class Scanner {
  public:
    enum class Status { piece, need_more, invalid };

    // `maximum`: a message whose length field announces more is invalid (as is one below 4).
    explicit Scanner(std::uint32_t maximum = 0x40000000) : maximum_(maximum) {
        assert(maximum < 0xffffffff);
    }

    // Takes the next piece off the front of `chunk`; sets all of `piece`. need_more: `chunk` is
    // used up; an unfinished header (at most 4 bytes) is kept and comes back as `carried`. invalid:
    // for good.
    [[nodiscard]] Status next(std::string_view& chunk, Piece& piece) {
        if (between_messages() && chunk.size() >= header_size) {
            const std::uint32_t announced = length_at(chunk.data() + 1);
            if (announced >= 4 && announced <= maximum_ && announced < chunk.size()) {
                piece.type = chunk.front();
                piece.length = announced + 1;
                piece.first = piece.last = true;
                piece.carried = {};
                piece.bytes = chunk.substr(0, piece.length);
                piece.body = piece.bytes.substr(header_size);
                chunk.remove_prefix(piece.length);
                return Status::piece;
            }
        }
        return next_split(chunk, piece);
    }

    // Takes all messages of `type` that lie whole at the front of `chunk` and returns their bytes:
    // the rows of a result pass without a piece each. Stops before anything else, which next() then
    // judges; takes nothing in the middle of a message.
    [[nodiscard]] std::string_view take_run(char type, std::string_view& chunk) const {
        const std::string_view whole = chunk;
        if (between_messages()) {
            while (chunk.size() >= header_size && chunk.front() == type) {
                const std::uint32_t announced = length_at(chunk.data() + 1);
                if (announced < 4 || announced > maximum_ || announced >= chunk.size()) break;
                chunk.remove_prefix(announced + 1);
            }
        }
        return whole.substr(0, whole.size() - chunk.size());
    }

    [[nodiscard]] bool between_messages() const { return header_have_ == 0 && body_left_ == 0; }

    [[nodiscard]] bool inside_body() const { return body_left_ > 0; }
    // The bytes of a header that has begun but is not whole; empty inside a body.
    [[nodiscard]] std::string_view unfinished_header() const {
        return {header_.data(), header_have_ < header_size ? header_have_ : std::size_t{0}};
    }

  private:
    static constexpr std::size_t header_size = 5;
    static constexpr std::uint8_t broken = 0xff;  // in header_have_: an invalid length was seen

    static std::uint32_t length_at(const char* p) {
        const auto byte = [p](int i) {
            return static_cast<std::uint32_t>(static_cast<unsigned char>(p[i]));
        };
        return byte(0) << 24U | byte(1) << 16U | byte(2) << 8U | byte(3);
    }

    Status next_split(std::string_view& chunk, Piece& piece);
    Status more_header(std::string_view& chunk, Piece& piece);

    std::uint32_t maximum_;
    std::uint32_t body_left_ = 0;
    std::uint32_t length_ = 0;
    char type_ = 0;
    std::uint8_t header_have_ = 0;
    std::array<char, header_size> header_{};
};

}  // namespace weir::wire::postgresql
