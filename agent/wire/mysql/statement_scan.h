// What a statement's text may do to its session, found by one pass over its words: no parsing, no
// copy, false alarms allowed, a miss not. Streams: a text may come in any pieces. Pure.
// Literals, comments and quoted names are told from words as in "Lexical Structure"; what words
// mean is statement_words.h. What the text can't tell (a routine's body) the server's trackers
// must. The text of /*! comments counts as text; where it can't be known whether the server reads
// it, and that would matter, the text has the trait `unknown`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/mysql/statement_traits.h"
#include "wire/mysql/statement_words.h"

namespace weir::wire::mysql {

class StatementScan {
  public:
    // How the session reads texts.
    struct Rules {
        bool no_backslash_escapes = false;  // sql_mode, status::no_backslash_escapes
        bool ansi_quotes = false;           // sql_mode: "x" is a name
        // The client's character set has characters whose second byte may be a backslash or a
        // backtick: gbk, gb18030, big5, sjis, cp932. Where such bytes meet, the text is `unknown`.
        bool wide_characters = false;
    };

    void reset(Rules rules);  // for the next text
    void reset() { reset(Rules{}); }
    void feed(std::string_view text);  // more of the text
    void finish();                     // the text has ended: judges the last word

    [[nodiscard]] Traits traits() const { return words_.traits(); }
    [[nodiscard]] bool has(Trait trait) const { return (traits() & trait_bit(trait)) != 0; }
    // Of the first statement.
    [[nodiscard]] Verb verb() const { return words_.verb(); }
    // Statements with at least a word; those of a routine's body count, too.
    [[nodiscard]] std::uint32_t statements() const { return words_.statements(); }
    [[nodiscard]] const StatementWords& words() const { return words_; }

  private:
    // Where the next byte stands. Those marked "cut" last only over the end of a piece.
    enum class Mode : std::uint8_t {
        text,
        word,     // cut
        dash,     // cut: after -
        dashes,   // cut: after --, which space makes a comment
        slash,    // cut: after /
        star,     // cut: after * in a /*! comment
        string,   // up to quote_
        escaped,  // after a backslash in it
        name,     // quoted, up to quote_
        line_comment,
        comment_begin,    // cut: after /*
        comment_mark,     // cut: after /*M
        comment_version,  // cut: after /*!, in its digits
        comment
    };

    using Bytes = const char*;
    Bytes pass_text(Bytes at, Bytes end);
    Bytes pass_word(Bytes at, Bytes end);
    Bytes pass_special(Bytes at);
    Bytes pass_second(Bytes at);
    Bytes pass_string(Bytes at, Bytes end);
    Bytes pass_name(Bytes at, Bytes end);
    Bytes pass_line_comment(Bytes at, Bytes end);
    Bytes pass_comment_begin(Bytes at);
    Bytes pass_comment_version(Bytes at);
    Bytes pass_comment(Bytes at, Bytes end);
    Bytes not_special(char c, Bytes at);
    void keep(Bytes from, Bytes to);
    void look_for_wide_characters(std::string_view text);
    [[nodiscard]] std::uint64_t position(Bytes at) const {
        return before_ + static_cast<std::uint64_t>(at - piece_);
    }

    StatementWords words_;
    Bytes piece_ = nullptr;     // the piece under way
    std::uint64_t before_ = 0;  // bytes of the text in front of it
    std::uint64_t begin_ = 0;   // where the word or name under way begins
    Rules rules_;
    Mode mode_ = Mode::text;
    char quote_ = 0;
    char previous_ = 0;        // byte before, in a comment
    bool wide_ = false;        // the byte before may begin a character of two
    bool executable_ = false;  // inside /*! … */
    bool doubtful_ = false;    // it may be that the server does not read it
    std::uint8_t digits_ = 0;  // of its version
    std::uint32_t version_ = 0;
    std::uint8_t kept_ = 0;
    std::array<char, StatementWords::longest> kept_bytes_{};
};

}  // namespace weir::wire::mysql
