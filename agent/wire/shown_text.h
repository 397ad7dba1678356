// A statement's text as it is put together for people and logs: white space folded, cut at a limit
// on a character boundary, always valid UTF-8 without control characters. What a literal is, each
// engine's literals.cpp knows. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::wire {

class ShownText {
  public:
    explicit ShownText(std::size_t limit) : limit_(limit) {}

    // White space, or a comment: one space before what comes next.
    void space() { space_ = true; }
    void literal();                    // ?
    void show(std::string_view text);  // as it is; bytes that are no UTF-8 as ?
    // Nothing more would be shown.
    [[nodiscard]] bool full() const { return out_.size() > limit_; }
    [[nodiscard]] std::string take();

  private:
    void flush_space();

    std::size_t limit_;
    std::string out_;
    bool space_ = false;
};

// Control characters, too: they have no business in a log.
[[nodiscard]] inline bool is_shown_as_space(char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
}

}  // namespace weir::wire
