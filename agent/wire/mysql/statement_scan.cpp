#include "wire/mysql/statement_scan.h"

#include <algorithm>
#include <cstring>

namespace weir::wire::mysql {

namespace {

enum class Class : std::uint8_t { symbol, space, word, special };

// Digits, $ and bytes above ASCII are parts of words; a word may begin with any of them.
constexpr std::array<Class, 256> classes = [] {
    std::array<Class, 256> table{};
    for (std::size_t c = 0; c < table.size(); ++c) {
        const bool alphabetic = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool digit = c >= '0' && c <= '9';
        if (alphabetic || digit || c == '_' || c == '$' || c >= 0x80) table[c] = Class::word;
    }
    for (const char c : {' ', '\t', '\n', '\r', '\f', '\v'}) {
        table[static_cast<unsigned>(c)] = Class::space;
    }
    for (const char c : {'\'', '"', '`', '-', '/', '*', '#'}) {
        table[static_cast<unsigned>(c)] = Class::special;
    }
    return table;
}();

// What every server reads: MariaDB skips what is marked for later versions of MySQL.
constexpr std::uint32_t last_common_version = 50699;

Class class_of(char c) { return classes[static_cast<unsigned char>(c)]; }
bool continues_word(char c) { return class_of(c) == Class::word; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

const char* find(char c, const char* at, const char* end) {
    const void* found = std::memchr(at, c, static_cast<std::size_t>(end - at));
    return found == nullptr ? end : static_cast<const char*>(found);
}

bool is_space_or_control(char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; }

}  // namespace

void StatementScan::reset(Rules rules) {
    words_.restart();
    rules_ = rules;
    mode_ = Mode::text;
    before_ = 0;
    wide_ = executable_ = false;
    kept_ = 0;
}

void StatementScan::feed(std::string_view text) {
    if (rules_.wide_characters) look_for_wide_characters(text);
    const char* at = text.data();
    const char* const end = at + text.size();
    piece_ = at;
    while (at != end) {
        switch (mode_) {
            case Mode::text:
                at = pass_text(at, end);
                break;
            case Mode::word:
                at = pass_word(at, end);
                break;
            case Mode::dash:
            case Mode::dashes:
            case Mode::slash:
            case Mode::star:
                at = pass_second(at);
                break;
            case Mode::string:
                at = pass_string(at, end);
                break;
            case Mode::escaped:
                mode_ = Mode::string;
                ++at;
                break;
            case Mode::name:
                at = pass_name(at, end);
                break;
            case Mode::line_comment:
                at = pass_line_comment(at, end);
                break;
            case Mode::comment_begin:
            case Mode::comment_mark:
                at = pass_comment_begin(at);
                break;
            case Mode::comment_version:
                at = pass_comment_version(at);
                break;
            case Mode::comment:
                at = pass_comment(at, end);
                break;
        }
    }
    before_ += text.size();
    piece_ = nullptr;
}

void StatementScan::finish() {
    if (mode_ == Mode::word) words_.word({kept_bytes_.data(), kept_}, begin_);
    if (mode_ == Mode::dash) words_.symbol('-', before_ - 1);
    if (mode_ == Mode::slash) words_.symbol('/', before_ - 1);
    if (mode_ == Mode::star) words_.symbol('*', before_ - 1);
    mode_ = Mode::text;
    words_.end();
}

// The way of nearly every byte.
StatementScan::Bytes StatementScan::pass_text(Bytes at, Bytes end) {
    while (at != end) {
        switch (class_of(*at)) {
            case Class::space:
                ++at;
                break;
            case Class::symbol:
                words_.symbol(*at, position(at));
                ++at;
                break;
            case Class::special:
                return pass_special(at);
            case Class::word: {
                const Bytes begin = at;
                do ++at;
                while (at != end && continues_word(*at));
                begin_ = position(begin);
                if (at == end) {
                    kept_ = 0;
                    keep(begin, end);
                    mode_ = Mode::word;
                    return end;
                }
                words_.word({begin, static_cast<std::size_t>(at - begin)}, begin_);
                break;
            }
        }
    }
    return at;
}

// A word that the end of a piece cut in two, or seemed to.
StatementScan::Bytes StatementScan::pass_word(Bytes at, Bytes end) {
    const Bytes stop = std::find_if_not(at, end, continues_word);
    keep(at, stop);
    if (stop == end) return end;
    mode_ = Mode::text;
    words_.word({kept_bytes_.data(), kept_}, begin_);
    return stop;
}

StatementScan::Bytes StatementScan::pass_special(Bytes at) {
    const char c = *at;
    switch (c) {
        case '-':
            mode_ = Mode::dash;
            break;
        case '/':
            mode_ = Mode::slash;
            break;
        case '#':
            mode_ = Mode::line_comment;
            break;
        case '*':
            if (!executable_) return not_special(c, at) + 1;
            mode_ = Mode::star;
            break;
        default:
            quote_ = c;
            begin_ = position(at);
            kept_ = 0;
            mode_ = c == '`' || (c == '"' && rules_.ansi_quotes) ? Mode::name : Mode::string;
            if (mode_ == Mode::string) words_.string();
    }
    return at + 1;
}

// The byte behind -, --, / or *.
StatementScan::Bytes StatementScan::pass_second(Bytes at) {
    const char c = *at;
    switch (mode_) {
        case Mode::dash:
            if (c != '-') return not_special('-', at);
            mode_ = Mode::dashes;
            return at + 1;
        case Mode::dashes:
            if (is_space_or_control(c)) {
                mode_ = Mode::line_comment;
                return at;
            }
            words_.symbol('-', position(at) - 2);
            mode_ = Mode::dash;
            return at;
        case Mode::slash:
            if (c != '*') return not_special('/', at);
            mode_ = Mode::comment_begin;
            return at + 1;
        default:
            if (c != '/') return not_special('*', at);
            executable_ = false;
            mode_ = Mode::text;
            return at + 1;
    }
}

StatementScan::Bytes StatementScan::not_special(char c, Bytes at) {
    words_.symbol(c, position(at));
    mode_ = Mode::text;
    return at;
}

// A doubled quote ends one string and begins the next, which comes to the same. Strings may be
// long: the quote is searched first, then what may hide it.
StatementScan::Bytes StatementScan::pass_string(Bytes at, Bytes end) {
    Bytes stop = find(quote_, at, end);
    while (!rules_.no_backslash_escapes) {
        at = find('\\', at, stop);
        if (at == stop) break;
        if (++at == end) {
            mode_ = Mode::escaped;
            return end;
        }
        if (at++ == stop) stop = find(quote_, at, end);
    }
    if (stop == end) return end;
    mode_ = Mode::text;
    return stop + 1;
}

StatementScan::Bytes StatementScan::pass_name(Bytes at, Bytes end) {
    const Bytes stop = find(quote_, at, end);
    keep(at, stop);
    if (stop == end) return end;
    mode_ = Mode::text;
    words_.quoted_name({kept_bytes_.data(), kept_}, begin_);
    return stop + 1;
}

StatementScan::Bytes StatementScan::pass_line_comment(Bytes at, Bytes end) {
    at = find('\n', at, end);
    if (at != end) mode_ = Mode::text;
    return at;
}

// The byte behind /* or /*M.
StatementScan::Bytes StatementScan::pass_comment_begin(Bytes at) {
    const bool marked = mode_ == Mode::comment_mark;
    if (*at == '!') {
        mode_ = Mode::comment_version;
        digits_ = 0;
        version_ = 0;
        doubtful_ = marked || executable_;
        return at + 1;
    }
    if (*at == 'M' && !marked) {
        mode_ = Mode::comment_mark;
        return at + 1;
    }
    mode_ = Mode::comment;
    previous_ = '\0';
    return at;
}

// Text from here on; where servers differ in whether it is, anything may be the case.
StatementScan::Bytes StatementScan::pass_comment_version(Bytes at) {
    if (is_digit(*at) && digits_ < 7) {
        version_ = version_ * 10 + static_cast<std::uint32_t>(*at - '0');
        ++digits_;
        return at + 1;
    }
    const bool versioned = digits_ == 5 || digits_ == 6;
    if ((digits_ > 0 && !versioned) || version_ > last_common_version) doubtful_ = true;
    if (doubtful_) words_.found(Trait::unknown);
    executable_ = true;
    mode_ = Mode::text;
    return at;
}

StatementScan::Bytes StatementScan::pass_comment(Bytes at, Bytes end) {
    while (at != end) {
        const char c = *at++;
        if (previous_ == '*' && c == '/') {
            mode_ = Mode::text;
            return at;
        }
        previous_ = c;
    }
    return end;
}

void StatementScan::keep(Bytes from, Bytes to) {
    const auto room = kept_bytes_.size() - kept_;
    const auto size = std::min(room, static_cast<std::size_t>(to - from));
    std::copy_n(from, size, kept_bytes_.begin() + kept_);
    kept_ = static_cast<std::uint8_t>(kept_ + size);
}

void StatementScan::look_for_wide_characters(std::string_view text) {
    for (const char c : text) {
        if (wide_ && (c == '\\' || c == '`')) words_.found(Trait::unknown);
        wide_ = static_cast<unsigned char>(c) >= 0x80;
    }
}

}  // namespace weir::wire::mysql
