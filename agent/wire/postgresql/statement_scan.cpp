#include "wire/postgresql/statement_scan.h"

#include <algorithm>
#include <cstring>

namespace weir::wire::postgresql {

namespace {

enum Class : std::uint8_t { symbol, space, letter, digit, dollar, quote, name_quote, dash, slash };

// Bytes above ASCII are letters, as in PostgreSQL.
constexpr std::array<Class, 256> classes = [] {
    std::array<Class, 256> table{};
    for (std::size_t c = 0; c < table.size(); ++c) {
        const bool alphabetic = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (alphabetic || c == '_' || c >= 0x80) table[c] = letter;
        if (c >= '0' && c <= '9') table[c] = digit;
    }
    for (const char c : {' ', '\t', '\n', '\r', '\f', '\v'})
        table[static_cast<unsigned>(c)] = space;
    table['$'] = dollar;
    table['\''] = quote;
    table['"'] = name_quote;
    table['-'] = dash;
    table['/'] = slash;
    return table;
}();

Class class_of(char c) { return classes[static_cast<unsigned char>(c)]; }

bool continues_word(char c) {
    const Class cls = class_of(c);
    return cls == letter || cls == digit || cls == dollar;
}

const char* find(char c, const char* at, const char* end) {
    const void* found = std::memchr(at, c, static_cast<std::size_t>(end - at));
    return found == nullptr ? end : static_cast<const char*>(found);
}

}  // namespace

void StatementScan::feed(std::string_view text) {
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        switch (mode_) {
            case Mode::text:
                at = pass_text(at, end);
                break;
            case Mode::word:
                at = pass_word(at, end);
                break;
            case Mode::dash:
            case Mode::slash:
            case Mode::unicode_name:
                at = pass_second(at);
                break;
            case Mode::string:
                at = pass_string(at, end);
                break;
            case Mode::escaped:
                mode_ = Mode::escape_string;
                ++at;
                break;
            case Mode::escape_string:
                at = pass_escape_string(at, end);
                break;
            case Mode::quoted_name:
                at = pass_quoted_name(at, end);
                break;
            case Mode::line_comment:
                at = pass_line_comment(at, end);
                break;
            case Mode::block_comment:
                at = pass_block_comment(at, end);
                break;
            case Mode::dollar_tag:
                at = pass_dollar_tag(at, end);
                break;
            case Mode::dollar_body:
                at = pass_dollar_body(at, end);
                break;
        }
    }
}

void StatementScan::finish() {
    if (mode_ == Mode::word || mode_ == Mode::dollar_tag) {
        if (kept_ > 0) words_.word({kept_bytes_.data(), kept_});
    }
    mode_ = Mode::text;
    words_.end();
}

void StatementScan::reset(bool standard_strings) {
    words_.restart();
    mode_ = Mode::text;
    standard_strings_ = standard_strings;
    after_escape_string_ = false;
    kept_ = 0;
}

// The way of nearly every byte. In loose text nothing is passed over: all but words is a symbol.
StatementScan::Bytes StatementScan::pass_text(Bytes at, Bytes end) {
    while (at != end) {
        const Class cls = class_of(*at);
        if (cls == space) {
            ++at;
            continue;
        }
        if (cls == letter) {
            const Bytes begin = at;
            do ++at;
            while (at != end && continues_word(*at));
            if (at == end) {
                kept_ = 0;
                keep(begin, end);
                mode_ = Mode::word;
                return end;
            }
            word_ended({begin, static_cast<std::size_t>(at - begin)}, *at);
            if (mode_ != Mode::text) return at + 1;
            continue;
        }
        const char c = *at++;
        if (cls == symbol || cls == digit || words_.loose()) {
            words_.symbol(cls == digit ? '0' : c);
            after_escape_string_ = false;
            continue;
        }
        if (cls == quote) {
            const bool escapes = !standard_strings_ || after_escape_string_;
            begin_literal(c, escapes ? Mode::escape_string : Mode::string);
        } else if (cls == dash) {
            mode_ = Mode::dash;
        } else if (cls == slash) {
            mode_ = Mode::slash;
        } else {
            kept_ = 0;
            begin_literal(c, cls == dollar ? Mode::dollar_tag : Mode::quoted_name);
        }
        return at;
    }
    return at;
}

void StatementScan::begin_literal(char opening, Mode mode) {
    if (mode != Mode::quoted_name) words_.symbol(opening);
    after_escape_string_ = false;
    mode_ = mode;
}

// A word that the end of a piece cut in two, or seemed to.
StatementScan::Bytes StatementScan::pass_word(Bytes at, Bytes end) {
    const Bytes stop = std::find_if_not(at, end, continues_word);
    keep(at, stop);
    if (stop == end) return end;
    mode_ = Mode::text;
    word_ended({kept_bytes_.data(), kept_}, *stop);
    return mode_ == Mode::text ? stop : stop + 1;
}

// `next` is taken with the word when it makes a literal of both: the mode is no longer text then.
void StatementScan::word_ended(std::string_view word, char next) {
    words_.word(word);
    after_escape_string_ = false;
    if (word.size() != 1 || words_.loose()) return;
    const int prefix = word.front() | 0x20;
    if (prefix == 'e' && next == '\'') begin_literal(next, Mode::escape_string);
    if (prefix == 'u' && next == '&') mode_ = Mode::unicode_name;
}

void StatementScan::keep(Bytes from, Bytes to) {
    const auto room = kept_bytes_.size() - kept_;
    const auto size = std::min(room, static_cast<std::size_t>(to - from));
    std::copy_n(from, size, kept_bytes_.begin() + kept_);
    kept_ = static_cast<std::uint8_t>(kept_ + size);
}

// The byte behind -, / or U&.
StatementScan::Bytes StatementScan::pass_second(Bytes at) {
    const Mode before = mode_;
    mode_ = Mode::text;
    if (before == Mode::dash && *at == '-') {
        mode_ = Mode::line_comment;
        return at + 1;
    }
    if (before == Mode::slash && *at == '*') {
        mode_ = Mode::block_comment;
        comment_depth_ = 1;
        previous_ = 0;
        return at + 1;
    }
    // The escapes of U&"…" could spell any name.
    if (before == Mode::unicode_name && *at == '"') words_.found(Effect::other);
    words_.symbol(before == Mode::dash ? '-' : before == Mode::slash ? '/' : '&');
    after_escape_string_ = false;
    return at;
}

// A doubled quote ends one string and begins the next, which comes to the same.
StatementScan::Bytes StatementScan::pass_string(Bytes at, Bytes end) {
    at = find('\'', at, end);
    if (at == end) return end;
    mode_ = Mode::text;
    return at + 1;
}

StatementScan::Bytes StatementScan::pass_escape_string(Bytes at, Bytes end) {
    while (at != end && *at != '\'' && *at != '\\') ++at;
    if (at == end) return end;
    mode_ = *at == '\\' ? Mode::escaped : Mode::text;
    after_escape_string_ = mode_ == Mode::text;
    return at + 1;
}

StatementScan::Bytes StatementScan::pass_quoted_name(Bytes at, Bytes end) {
    const Bytes stop = find('"', at, end);
    keep(at, stop);
    if (stop == end) return end;
    words_.quoted_name({kept_bytes_.data(), kept_});
    mode_ = Mode::text;
    return stop + 1;
}

StatementScan::Bytes StatementScan::pass_line_comment(Bytes at, Bytes end) {
    while (at != end && *at != '\n' && *at != '\r') ++at;
    if (at != end) mode_ = Mode::text;
    return at;
}

StatementScan::Bytes StatementScan::pass_block_comment(Bytes at, Bytes end) {
    while (at != end) {
        const char c = *at++;
        const bool closes = previous_ == '*' && c == '/';
        const bool opens = previous_ == '/' && c == '*';
        previous_ = closes || opens ? '\0' : c;
        if (opens) ++comment_depth_;
        if (closes && --comment_depth_ == 0) {
            mode_ = Mode::text;
            return at;
        }
    }
    return end;
}

// $tag$ begins a literal; $1 is a parameter, $word… just a word.
StatementScan::Bytes StatementScan::pass_dollar_tag(Bytes at, Bytes end) {
    while (at != end) {
        const Class cls = class_of(*at);
        if (cls == dollar) {
            mode_ = Mode::dollar_body;
            matched_ = 0;
            return at + 1;
        }
        if ((cls != letter && (cls != digit || kept_ == 0)) || kept_ == longest_tag) {
            if (kept_ == longest_tag) words_.found(Effect::other);  // can't be followed to its end
            mode_ = Mode::text;
            if (kept_ > 0) word_ended({kept_bytes_.data(), kept_}, *at);
            return mode_ == Mode::text ? at : at + 1;
        }
        keep(at, at + 1);
        ++at;
    }
    return end;
}

// The tag holds no $, so that a failed match can only begin anew at one.
StatementScan::Bytes StatementScan::pass_dollar_body(Bytes at, Bytes end) {
    while (at != end) {
        if (matched_ == 0) {
            at = find('$', at, end);
            if (at == end) return end;
            matched_ = 1;
            ++at;
            continue;
        }
        const char c = *at++;
        if (matched_ <= kept_ && c == kept_bytes_[matched_ - 1U]) {
            ++matched_;
        } else if (c == '$') {
            if (matched_ > kept_) {
                mode_ = Mode::text;
                return at;
            }
            matched_ = 1;
        } else {
            matched_ = 0;
        }
    }
    return end;
}

}  // namespace weir::wire::postgresql
