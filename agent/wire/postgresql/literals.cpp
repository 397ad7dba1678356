#include "wire/postgresql/literals.h"

#include <algorithm>
#include <string>

#include "wire/shown_text.h"

namespace weir::wire::postgresql {

namespace {

constexpr auto none = std::string_view::npos;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

class Redaction {
  public:
    Redaction(std::string_view sql, std::size_t limit) : rest_(sql), shown_(limit) {}

    std::string run() {
        while (!rest_.empty() && !shown_.full()) take();
        return shown_.take();
    }

  private:
    void take() {
        const char c = rest_.front();
        const char next = rest_.size() > 1 ? rest_[1] : '\0';
        if (is_shown_as_space(c)) {
            shown_.space();
            rest_.remove_prefix(1);
        } else if (c == '-' && next == '-') {
            skip_to(rest_.find_first_of("\r\n"));
        } else if (c == '/' && next == '*') {
            skip_comment();
        } else if (c == '\'') {
            literal(string_end(1, false));
        } else if (c == '"') {
            quoted_name();
        } else if (c == '$') {
            dollar();
        } else if (is_digit(c) || (c == '.' && is_digit(next))) {
            literal(number_end());
        } else if (is_letter(c)) {
            word();
        } else {
            show(1);
        }
    }

    // Takes `size` bytes off the front and shows them as they are.
    void show(std::size_t size) {
        shown_.show(rest_.substr(0, size));
        rest_.remove_prefix(size);
    }

    // Takes a literal that ends before `end` off the front; it may lack its end.
    void literal(std::size_t end) {
        shown_.literal();
        rest_.remove_prefix(std::min(end, rest_.size()));
    }

    void skip_to(std::size_t end) {
        shown_.space();
        rest_.remove_prefix(std::min(end, rest_.size()));
    }

    void skip_comment() {
        std::size_t depth = 0;
        std::size_t at = 0;
        do {
            const std::string_view two = rest_.substr(at, 2);
            if (two == "/*") ++depth;
            if (two == "*/") --depth;
            at += two == "/*" || two == "*/" ? 2 : 1;
        } while (depth > 0 && at < rest_.size());
        skip_to(at);
    }

    // Behind the closing quote of a string whose opening one is before `at`.
    [[nodiscard]] std::size_t string_end(std::size_t at, bool escapes) const {
        bool backslash = false;
        for (; at < rest_.size(); ++at) {
            const char c = rest_[at];
            if (backslash && c == '\'' && !escapes) return none;
            if (c == '\'' && !backslash) {
                if (rest_.substr(at + 1, 1) != "'") return at + 1;
                ++at;
            }
            backslash = c == '\\' && !backslash;
        }
        return none;
    }

    void quoted_name() {
        const std::size_t end = rest_.find('"', 1);
        if (end == none) return literal(none);
        show(end + 1);
    }

    void dollar() {
        std::size_t end = 1;
        if (rest_.size() > 1 && is_digit(rest_[1])) {
            while (end < rest_.size() && is_digit(rest_[end])) ++end;
            return show(end);
        }
        while (end < rest_.size() && (is_letter(rest_[end]) || (end > 1 && is_digit(rest_[end])))) {
            ++end;
        }
        if (rest_.substr(end, 1) != "$") return show(1);
        const std::string_view tag = rest_.substr(0, end + 1);
        const std::size_t closing = rest_.find(tag, tag.size());
        literal(closing == none ? none : closing + tag.size());
    }

    [[nodiscard]] std::size_t number_end() const {
        std::size_t end = 0;
        for (; end < rest_.size(); ++end) {
            const char c = rest_[end];
            const bool exponent = end > 0 && (rest_[end - 1] | 0x20) == 'e';
            if (!is_digit(c) && !is_letter(c) && c != '.' &&
                !(exponent && (c == '-' || c == '+'))) {
                break;
            }
        }
        return end;
    }

    void word() {
        std::size_t end = 1;
        while (end < rest_.size() &&
               (is_letter(rest_[end]) || is_digit(rest_[end]) || rest_[end] == '$')) {
            ++end;
        }
        const std::string_view behind = rest_.substr(end);
        const auto prefix = static_cast<char>(rest_.front() | 0x20);
        if (end == 1 && prefix == 'u' && behind.starts_with("&'")) {
            literal(string_end(3, false));
        } else if (end == 1 && std::string_view("ebxn").find(prefix) != none &&
                   behind.starts_with('\'')) {
            literal(string_end(2, prefix == 'e'));
        } else {
            show(end);
        }
    }

    std::string_view rest_;
    ShownText shown_;
};

}  // namespace

std::string without_literals(std::string_view sql, std::size_t limit) {
    return Redaction(sql, limit).run();
}

}  // namespace weir::wire::postgresql
