// Finds the replies in what a Redis server sends, RESP2 and RESP3: where each begins and ends,
// never what it holds. Nested arrays, maps, sets, attributes, pushes and streamed types are
// counted, not built. Bytes pass as they come: a reply of any size needs no buffer. Pure; one
// scanner for each server connection. Source: Redis documentation, "Redis serialization protocol
// specification".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace weir::wire::redis {

// A stretch of one reply that lies in one chunk.
struct ReplyPiece {
    char type = 0;       // of the reply: '+', '-', ':', '$', '*', '>' …
    bool first = false;  // the reply begins with this piece
    bool last = false;   // and ends with this one
    std::string_view bytes;
    // The reply's last element when that is an integer: what (un)subscribe is confirmed with. Only
    // with `last`.
    std::optional<std::int64_t> integer;
};

class ReplyScanner {
  public:
    enum class Status : std::uint8_t { piece, need_more, invalid };
    static constexpr std::size_t deepest =
        16384;  // of aggregates in each other; a script's stack allows 8000

    // Takes the next piece off the front of `chunk`; need_more: `chunk` is used up. invalid: for
    // good.
    [[nodiscard]] Status next(std::string_view& chunk, ReplyPiece& piece);
    [[nodiscard]] bool between_replies() const { return !inside_; }

  private:
    enum class Step : std::uint8_t { header, skip, chunk_header };
    static constexpr std::size_t longest_header = 64;  // doubles and big numbers are cut, not kept

    [[nodiscard]] bool read_header();
    [[nodiscard]] bool read_chunk_header();
    [[nodiscard]] bool aggregate(std::uint64_t values);
    void value_ended();
    [[nodiscard]] bool ended() const { return open_.empty(); }

    Step step_ = Step::header;
    bool inside_ = false;
    bool broken_ = false;
    char type_ = 0;
    std::uint64_t skip_ = 0;  // bytes of a bulk and its line end that are to come
    bool streams_ = false;    // these are chunks of a streamed string
    std::array<char, longest_header> header_{};
    std::size_t header_size_ = 0;  // may be more than is kept
    std::optional<std::int64_t> integer_;
    // Values that are due, of each aggregate that is open; `endless` until its "." has come. The
    // reply itself is the first.
    std::vector<std::uint64_t> open_;
};

}  // namespace weir::wire::redis
