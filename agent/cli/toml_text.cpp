#include "cli/toml_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace weir::cli {
namespace {

using Json = nlohmann::json;

// JSON's strings are TOML's basic strings, but for DEL, which TOML wants escaped.
std::string basic_string(std::string_view text) {
    std::string json = Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
    for (auto at = json.find('\x7f'); at != std::string::npos; at = json.find('\x7f', at)) {
        json.replace(at, 1, "\\u007f");
    }
    return json;
}

std::string one_line(std::string_view text) {
    const std::string json = basic_string(text);  // valid UTF-8, control characters escaped
    return json.substr(1, json.size() - 2);
}

}  // namespace

void TomlText::line(std::string_view key, std::string_view value) {
    out_.append(key).append(" = ").append(value).push_back('\n');
}

void TomlText::comment(std::string_view text) {
    if (!text.empty()) {
        std::string shown(text);
        const auto harmless = [](char c) {
            return c != '\t' && static_cast<unsigned char>(c) >= 32;
        };
        if (!std::all_of(shown.begin(), shown.end(), harmless)) shown = one_line(text);
        // Bytes that are no UTF-8 come out replaced.
        const std::string json = Json(shown).dump(-1, ' ', false, Json::error_handler_t::replace);
        out_.append("# ").append(Json::parse(json).get<std::string>());
    }
    out_.push_back('\n');
}

void TomlText::section(std::string_view name) {
    if (!out_.empty() && !out_.ends_with("\n\n")) out_.push_back('\n');
    out_.append(name).push_back('\n');
}

void TomlText::text(std::string_view key, std::string_view value) { line(key, basic_string(value)); }

void TomlText::texts(std::string_view key, const std::vector<std::string>& values) {
    std::string list;
    for (const auto& value : values) list += (list.empty() ? "" : ", ") + basic_string(value);
    line(key, "[" + list + "]");
}

void TomlText::whole(std::string_view key, unsigned value) { line(key, std::to_string(value)); }

void TomlText::boolean(std::string_view key, bool value) { line(key, value ? "true" : "false"); }

void TomlText::span(std::string_view key, std::chrono::milliseconds value) {
    const auto count = value.count();
    line(key, count % 1000 == 0 ? "\"" + std::to_string(count / 1000) + "s\""
                                : "\"" + std::to_string(count) + "ms\"");
}

void TomlText::remark(std::string_view text) {
    out_.pop_back();
    out_.append("  # ").append(text).push_back('\n');
}

}  // namespace weir::cli
