// Finds message boundaries in either direction of an established connection: headers only, the
// payload is never copied or kept. Pure; one scanner for each direction of each connection.
// Source: PostgreSQL documentation, "Frontend/Backend Protocol", "Message Formats".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::wire::postgresql {

// A stretch of one message that lies in one chunk. A message whole in its chunk is one piece with
// first and last set; a longer one is a first piece, any number of middles and a last one.
struct Piece {
    char type = 0;
    std::uint32_t length = 0;   // of the whole message, its type byte and length field included
    bool first = false;         // the header is complete as of this piece
    bool last = false;          // the message ends with this piece
    std::string_view carried;   // header bytes of earlier chunks, to be sent before `bytes` (first only)
    std::string_view bytes;     // of this chunk: header (what `carried` lacks) and body
    std::string_view body;      // the part of `bytes` that is body
};

class Scanner {
  public:
    enum class Status { piece, need_more, invalid };

    // `maximum`: a message that announces more is invalid (as is a length below 4).
    explicit Scanner(std::uint32_t maximum = 0x40000000) : maximum_(maximum) {}

    // Takes the next piece off the front of `chunk`. need_more: `chunk` is used up; an unfinished
    // header (at most 4 bytes) is kept and comes back as `carried`.
    [[nodiscard]] Status next(std::string_view& chunk, Piece& piece);

    [[nodiscard]] bool between_messages() const { return header_have_ == 0 && body_left_ == 0; }

  private:
    std::uint32_t maximum_;
    std::uint32_t body_left_ = 0;
    std::uint32_t length_ = 0;
    char type_ = 0;
    std::uint8_t header_have_ = 0;
    std::array<char, 5> header_{};
};

}  // namespace weir::wire::postgresql
