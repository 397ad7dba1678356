#include "wire/statement_summary.h"

#include <algorithm>

namespace weir::wire {

namespace {

constexpr std::size_t longest_word = 128;
constexpr std::size_t most_words = 64;  // of which one must announce the table

bool in_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
}

std::string upper_case(std::string_view word) {
    std::string upper(word);
    std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return upper;
}

// Takes a name, whose parts may be quoted, or one symbol off the front.
std::string_view take_word(std::string_view& text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    std::size_t end = 0;
    while (end < text.size() && (in_name(text[end]) || text[end] == '"' || text[end] == '`')) {
        const bool quoted = text[end] == '"' || text[end] == '`';
        const std::size_t closing = quoted ? text.find(text[end], end + 1) : end;
        if (closing == std::string_view::npos) break;
        end = closing + 1;
    }
    if (end == 0 && !text.empty()) end = 1;
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end);
    return word;
}

bool announces_table(std::string_view verb, std::string_view word) {
    return word == "FROM" || word == "INTO" || word == "TABLE" ||
           (word == "UPDATE" && verb == "UPDATE") || (word == "TRUNCATE" && verb == "TRUNCATE");
}

bool goes_between(std::string_view word) {
    return word == "ONLY" || word == "TABLE" || word == "IF" || word == "NOT" || word == "EXISTS" ||
           word == "LOW_PRIORITY" || word == "IGNORE";
}

}  // namespace

StatementSummary summarize(std::string_view text) {
    StatementSummary summary;
    bool announced = false;
    for (std::size_t words = 0; words < most_words && !text.empty(); ++words) {
        const std::string_view word = take_word(text);
        if (word.empty() || word == "(") continue;
        const bool quoted = word.size() > 1 && (word.front() == '"' || word.front() == '`');
        if (!quoted && !in_name(word.front())) {
            if (summary.verb.empty() || word == ";") break;
            announced = false;
            continue;
        }
        const std::string upper = upper_case(word.substr(0, longest_word));
        if (announced && !goes_between(upper)) {
            if (upper != "SELECT") {
                summary.table = word.substr(0, longest_word);
                break;
            }
            announced = false;
            continue;
        }
        if (summary.verb.empty()) summary.verb = upper;
        announced = announced || announces_table(summary.verb, upper);
    }
    return summary;
}

}  // namespace weir::wire
