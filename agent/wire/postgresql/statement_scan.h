// What a statement's text may do to its session, found by one pass over its words: no parsing, no
// copy, false alarms allowed, a miss not. Streams: a text may come in any pieces. Pure.
// Literals, comments and quoted names are told from words as in "Lexical Structure"; what words
// mean is statement_words.h. What the text can't tell (a function's body, SQL that a block puts
// together) CommandComplete tags and ParameterStatus must.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/postgresql/command_tag.h"
#include "wire/postgresql/effect.h"
#include "wire/postgresql/literals.h"
#include "wire/postgresql/statement_words.h"

namespace weir::wire::postgresql {

// Bits of Effect that the words of a statement suggest. Quoted strings, comments and dollar quotes
// are passed over where they can't hide one: 'set_config' inside DO $$…$$ does count.
class StatementScan {
  public:
    void feed(std::string_view text);  // more of the text, without its final NUL
    void finish();                     // the text has ended: judges the last word
    // For the next text. `standard_strings`: the parameter standard_conforming_strings of its
    // session, which decides whether a backslash in a plain string hides the quote behind it.
    void reset(bool standard_strings = true);
    [[nodiscard]] std::uint32_t effects() const { return words_.effects(); }  // 1 << Effect
    [[nodiscard]] const StatementWords& words() const { return words_; }
    [[nodiscard]] bool has(Effect e) const { return (effects() & effect_bit(e)) != 0; }

  private:
    // Where the next byte stands. Those marked "cut" last only over the end of a piece.
    enum class Mode : std::uint8_t {
        text,
        word,          // cut
        dash,          // cut: after -
        slash,         // cut: after /
        unicode_name,  // after U&
        string,
        escape_string,
        escaped,  // after its backslash
        quoted_name,
        line_comment,
        block_comment,
        dollar_tag,
        dollar_body
    };
    static constexpr std::size_t longest_tag = 63;

    using Bytes = const char*;
    Bytes pass_text(Bytes at, Bytes end);
    Bytes pass_word(Bytes at, Bytes end);
    Bytes pass_string(Bytes at, Bytes end);
    Bytes pass_escape_string(Bytes at, Bytes end);
    Bytes pass_quoted_name(Bytes at, Bytes end);
    Bytes pass_line_comment(Bytes at, Bytes end);
    Bytes pass_block_comment(Bytes at, Bytes end);
    Bytes pass_dollar_tag(Bytes at, Bytes end);
    Bytes pass_dollar_body(Bytes at, Bytes end);
    Bytes pass_second(Bytes at);
    void begin_literal(char opening, Mode mode);
    void keep(Bytes from, Bytes to);
    void word_ended(std::string_view word, char next);

    StatementWords words_;
    Mode mode_ = Mode::text;
    bool standard_strings_ = true;
    bool after_escape_string_ = false;  // a string that continues it is one, too
    std::uint8_t kept_ = 0;             // bytes of kept_bytes_: a word, name or dollar tag
    std::uint8_t matched_ = 0;          // bytes of the closing dollar tag found
    char previous_ = 0;                 // in a block comment
    std::uint32_t comment_depth_ = 0;
    std::array<char, longest_tag> kept_bytes_{};
};

}  // namespace weir::wire::postgresql
