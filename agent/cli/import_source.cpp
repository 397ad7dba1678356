#include "cli/import_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <sstream>

namespace weir::cli {

using std::chrono::milliseconds;

namespace {

constexpr double longest_seconds = 1e9;
constexpr std::size_t longest_name = 60;  // leaves room for a number

}  // namespace

std::string ImportSource::general(std::string_view key, std::string_view otherwise) const {
    const auto* setting = file.find(key);
    return setting == nullptr ? std::string(otherwise) : setting->value;
}

unsigned ImportSource::whole(std::string_view key, unsigned otherwise) {
    const auto* setting = file.find(key);
    return setting == nullptr ? otherwise : whole_of(setting->value, key, setting->place);
}

unsigned ImportSource::whole_of(const std::string& text, std::string_view key,
                                const std::string& place) {
    unsigned value = 0;
    const auto* const end = text.data() + text.size();
    const auto number = std::from_chars(text.data(), end, value);
    if (number.ec != std::errc{} || number.ptr != end) wrong(place, key, "a whole number");
    return value;
}

milliseconds ImportSource::seconds(std::string_view key, double otherwise) {
    const auto* setting = file.find(key);
    if (setting == nullptr) return milliseconds(std::llround(otherwise * 1000));
    double value = 0;
    const auto* const end = setting->value.data() + setting->value.size();
    const auto number = std::from_chars(setting->value.data(), end, value);
    const bool sound = number.ec == std::errc{} && number.ptr == end;
    if (!sound || !(value >= 0 && value <= longest_seconds)) {
        wrong(setting->place, key, "seconds");
        return {};
    }
    return milliseconds(std::llround(value * 1000));
}

bool ImportSource::trusts() const {
    const std::string type = general("auth_type", "md5");
    return type == "trust" || type == "any";
}

void ImportSource::wrong(const std::string& place, std::string_view key,
                         std::string_view expected) {
    if (mistake.empty()) mistake = fmt::format("{}: {}: expected {}", place, key, expected);
}

void ImportSource::note(const std::string& place, std::string_view what, std::string_view why) {
    notes.push_back(fmt::format("{}: {}: {}", place, what, why));
}

void ImportSource::note(std::string_view key, std::string_view why) {
    if (const auto* setting = file.find(key)) note(setting->place, key, why);
}

std::vector<std::string> listed(std::string_view text) {
    std::vector<std::string> items;
    std::stringstream stream{std::string(text)};
    for (std::string item; std::getline(stream, item, ',');) {
        const auto first = item.find_first_not_of(" \t");
        if (first == std::string::npos) continue;
        items.push_back(item.substr(first, item.find_last_not_of(" \t") - first + 1));
    }
    return items;
}

bool is_md5(std::string_view secret) { return secret.starts_with("md5") && secret.size() == 35; }
bool is_scram(std::string_view secret) { return secret.starts_with("SCRAM-SHA-256$"); }

std::string with_port(const std::string& host, unsigned port) {
    const bool six = host.find(':') != std::string::npos;
    return six ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string socket_file(const std::string& folder, unsigned port) {
    return fmt::format("{}/.s.PGSQL.{}", folder, port);
}

std::string fresh_name(std::string_view text, std::vector<std::string>& taken) {
    std::string base(text.substr(0, longest_name));
    for (char& c : base) {
        const bool allowed =
            std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
        if (!allowed) c = '_';
    }
    std::string name = base;
    for (unsigned number = 2; std::find(taken.begin(), taken.end(), name) != taken.end();) {
        name = fmt::format("{}-{}", base, number++);
    }
    return taken.emplace_back(std::move(name));
}

}  // namespace weir::cli
