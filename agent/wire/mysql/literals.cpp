#include "wire/mysql/literals.h"

#include <algorithm>

#include "wire/shown_text.h"

namespace weir::wire::mysql {

namespace {

constexpr auto none = std::string_view::npos;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
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
        } else if (c == '#' || begins_dash_comment()) {
            skip_to(rest_.find('\n'));
        } else if (c == '/' && next == '*') {
            skip_comment();
        } else if (c == '*' && next == '/' && executable_) {
            executable_ = false;
            skip_to(2);
        } else if (c == '\'' || c == '"') {
            literal(string_end());
        } else if (c == '`') {
            quoted_name();
        } else if (is_digit(c) || (c == '.' && is_digit(next))) {
            literal(number_end());
        } else if (is_letter(c)) {
            word();
        } else {
            show(1);
        }
    }

    [[nodiscard]] bool begins_dash_comment() const {
        return rest_.starts_with("--") && (rest_.size() == 2 || is_shown_as_space(rest_[2]));
    }

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

    // What servers may read of a comment is shown as the rest of the text is.
    void skip_comment() {
        const bool marked = rest_.substr(2).starts_with("M!");
        if (!marked && !rest_.substr(2).starts_with("!")) {
            const std::size_t end = rest_.find("*/", 2);
            return skip_to(end == none ? none : end + 2);
        }
        executable_ = true;
        std::size_t at = marked ? 4 : 3;
        while (at < rest_.size() && is_digit(rest_[at])) ++at;
        skip_to(at);
    }

    // Behind the closing quote. Whether a backslash hides a quote depends on the session: a string
    // that would end differently is taken to have no end.
    [[nodiscard]] std::size_t string_end() const {
        const char quote = rest_.front();
        bool backslash = false;
        for (std::size_t at = 1; at < rest_.size(); ++at) {
            const char c = rest_[at];
            if (backslash && c == quote) return none;
            if (c == quote) {
                if (rest_.substr(at + 1, 1) != rest_.substr(0, 1)) return at + 1;
                ++at;
            }
            backslash = c == '\\' && !backslash;
        }
        return none;
    }

    void quoted_name() {
        const std::size_t end = rest_.find('`', 1);
        if (end == none) return literal(none);
        show(end + 1);
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
        while (end < rest_.size() && (is_letter(rest_[end]) || is_digit(rest_[end]))) ++end;
        const auto prefix = static_cast<char>(rest_.front() | 0x20);
        const bool quoted = end == 1 && rest_.substr(1).starts_with('\'');
        if (quoted && (prefix == 'x' || prefix == 'b' || prefix == 'n')) {
            rest_.remove_prefix(1);
            return literal(string_end());
        }
        show(end);
    }

    std::string_view rest_;
    ShownText shown_;
    bool executable_ = false;  // inside /*! … */
};

}  // namespace

std::string without_literals(std::string_view sql, std::size_t limit) {
    return Redaction(sql, limit).run();
}

}  // namespace weir::wire::mysql
