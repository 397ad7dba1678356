#include "wire/postgresql/deallocation.h"

#include <algorithm>

namespace weir::wire::postgresql {
namespace {

constexpr std::string_view white = " \t\n\r\f\v";

void skip_white(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(white), text.size()));
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (static_cast<unsigned char>(c) & 0x80U) != 0;
}

bool continues_name(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '$'; }

// A bare word in lower case, or what a quoted name quotes; nothing where neither stands.
std::optional<std::string> take_name(std::string_view& text, bool& quoted) {
    std::string name;
    quoted = !text.empty() && text.front() == '"';
    if (quoted) {
        for (std::size_t i = 1; i < text.size(); ++i) {
            if (text[i] == '"') {
                if (i + 1 == text.size() || text[i + 1] != '"') {
                    text.remove_prefix(i + 1);
                    return name;
                }
                ++i;
            }
            name.push_back(text[i]);
        }
        return std::nullopt;
    }
    if (text.empty() || !is_letter(text.front())) return std::nullopt;
    while (!text.empty() && continues_name(text.front())) {
        const char c = text.front();
        name.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c);
        text.remove_prefix(1);
    }
    return name;
}

}  // namespace

std::optional<std::string> deallocated_statement(std::string_view text) {
    bool quoted = false;
    skip_white(text);
    if (text.empty() || (text.front() | 0x20) != 'd') return std::nullopt;  // most texts
    if (take_name(text, quoted) != "deallocate" || quoted) return std::nullopt;
    skip_white(text);
    auto name = take_name(text, quoted);
    if (name == "prepare" && !quoted) {
        std::string_view rest = text;
        skip_white(rest);
        if (auto after = take_name(rest, quoted)) {
            name = std::move(after);
            text = rest;
        }
    }
    if (!name || (*name == "all" && !quoted)) return std::nullopt;
    skip_white(text);
    if (!text.empty() && text.front() == ';') {
        text.remove_prefix(1);
        skip_white(text);
    }
    if (!text.empty()) return std::nullopt;
    return name;
}

}  // namespace weir::wire::postgresql
