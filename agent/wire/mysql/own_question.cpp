#include "wire/mysql/own_question.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace weir::wire::mysql {

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
           c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

bool same(std::string_view word, std::string_view lower_case) {
    return std::equal(word.begin(), word.end(), lower_case.begin(), lower_case.end(),
                      [](char a, char b) {
                          return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
                      });
}

struct Function {
    std::string_view name;
    Asked asked;
};
constexpr std::array functions = {
    Function{"connection_id", Asked::connection_id}, Function{"found_rows", Asked::found_rows},
    Function{"row_count", Asked::row_count}, Function{"last_insert_id", Asked::last_insert_id}};

// What may follow an expression and is no alias.
constexpr std::array<std::string_view, 16> clauses = {
    "as",   "except", "fetch", "for",    "from",  "group", "having", "intersect",
    "into", "limit",  "lock",  "offset", "order", "union", "where",  "procedure"};

// Goes through a text's tokens; a take… that fails leaves it where it is.
class Cursor {
  public:
    explicit Cursor(std::string_view text) : rest_(text) {}

    // White space and comments; not those that servers read.
    void skip() {
        for (;;) {
            while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
            const bool dashes = rest_.size() > 2 && rest_.starts_with("--") && is_space(rest_[2]);
            std::size_t end = std::string_view::npos;
            if (dashes || rest_.starts_with('#')) {
                end = rest_.find('\n');
            } else if (rest_.starts_with("/*") && !rest_.starts_with("/*!") &&
                       !rest_.starts_with("/*M!")) {
                end = rest_.find("*/", 2);
                if (end != std::string_view::npos) end += 2;
            } else {
                return;
            }
            rest_.remove_prefix(std::min(end, rest_.size()));
        }
    }
    void skip_space() {
        while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
    }
    [[nodiscard]] std::string_view word() {
        const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_word);
        const std::string_view taken =
            rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
        rest_.remove_prefix(taken.size());
        return taken;
    }
    [[nodiscard]] bool take(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    // What stands in quotes, if nothing in it is written in another way than it is meant.
    [[nodiscard]] std::string_view quoted() {
        const char quote = rest_.empty() ? '\0' : rest_.front();
        if (quote != '\'' && quote != '"' && quote != '`') return {};
        const std::size_t end = rest_.find(quote, 1);
        if (end == std::string_view::npos || rest_.substr(end + 1).starts_with(quote)) return {};
        const std::string_view inner = rest_.substr(1, end - 1);
        if (inner.find('\\') != std::string_view::npos) return {};
        rest_.remove_prefix(end + 1);
        return inner;
    }
    [[nodiscard]] const char* at() const { return rest_.data(); }
    [[nodiscard]] bool empty() const { return rest_.empty(); }

  private:
    std::string_view rest_;
};

// [[AS] alias]; false: it is something else.
bool take_alias(Cursor& cursor, std::string_view& column) {
    std::string_view word = cursor.word();
    if (same(word, "as")) {
        cursor.skip();
        word = cursor.word();
        if (word.empty() && (word = cursor.quoted()).empty()) return false;
        column = word;
        return true;
    }
    if (word.empty()) {
        const std::string_view quoted = cursor.quoted();
        if (!quoted.empty()) column = quoted;
        return true;
    }
    const bool clause = std::any_of(clauses.begin(), clauses.end(),
                                    [word](std::string_view each) { return same(word, each); });
    if (clause || is_digit(word.front())) return false;
    column = word;
    return true;
}

}  // namespace

std::optional<OwnQuestion> own_question(std::string_view text) {
    Cursor cursor(text);
    cursor.skip();
    if (!same(cursor.word(), "select")) return std::nullopt;
    cursor.skip();
    const char* const begin = cursor.at();
    const std::string_view name = cursor.word();
    const auto function = std::find_if(functions.begin(), functions.end(),
                                       [name](const Function& f) { return same(name, f.name); });
    if (function == functions.end()) return std::nullopt;
    cursor.skip_space();
    if (!cursor.take('(')) return std::nullopt;
    cursor.skip_space();
    if (!cursor.take(')')) return std::nullopt;
    OwnQuestion question{function->asked, {begin, static_cast<std::size_t>(cursor.at() - begin)}};
    cursor.skip();
    if (!take_alias(cursor, question.column)) return std::nullopt;
    cursor.skip();
    if (cursor.take(';')) cursor.skip();
    return cursor.empty() ? std::optional(question) : std::nullopt;
}

}  // namespace weir::wire::mysql
