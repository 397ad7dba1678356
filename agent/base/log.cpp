#include "base/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <ctime>
#include <mutex>

namespace weir::base::log {
namespace {

std::atomic<Level> threshold{Level::info};
std::atomic<Format> chosen_format{Format::logfmt};
std::mutex agent_mutex;
std::string agent_name;

std::string timestamp() {
    const auto now = std::chrono::system_clock::now();
    const auto millis =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
    const std::time_t whole = static_cast<std::time_t>(millis / 1000);
    std::tm utc{};
    gmtime_r(&whole, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                       utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                       millis % 1000);
}

// Bytes of the well-formed UTF-8 sequence that `text` begins with (Unicode 15, table 3-7); 0 when
// it begins with none: clients send any bytes, and a line must stay valid JSON.
std::size_t utf8_length(std::string_view text) {
    const auto at = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
        return at(i) >= low && at(i) <= high;
    };
    const unsigned first = at(0);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        const unsigned low = first == 0xe0 ? 0xa0 : 0x80;
        const unsigned high = first == 0xed ? 0x9f : 0xbf;
        return follows(1, low, high) && follows(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const unsigned low = first == 0xf0 ? 0x90 : 0x80;
        const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
        return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

void append_quoted(std::string& out, std::string_view value) {
    out += '"';
    while (!value.empty()) {
        const char c = value.front();
        const auto byte = static_cast<unsigned char>(c);
        const std::size_t length = utf8_length(value);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20 || byte == 0x7f) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
        } else if (length == 0) {
            out += "\\ufffd";
        } else {
            out += value.substr(0, length);
        }
        value.remove_prefix(std::max<std::size_t>(length, 1));
    }
    out += '"';
}

bool needs_quotes(std::string_view value) {
    if (value.empty()) return true;
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte >= 0x7f || c == '"' || c == '=' || c == '\\') return true;
    }
    return false;
}

void append(std::string& out, Format format, const Field& field) {
    if (format == Format::json) {
        out += ',';
        append_quoted(out, field.key);
        out += ':';
        if (field.bare) {
            out += field.value;
        } else {
            append_quoted(out, field.value);
        }
        return;
    }
    out += ' ';
    out += field.key;
    out += '=';
    if (!field.bare && needs_quotes(field.value)) {
        append_quoted(out, field.value);
    } else {
        out += field.value;
    }
}

}  // namespace

// JSON has no number for infinity and NaN: they become words.
Field::Field(std::string_view k, double v)
    : key(k), value(fmt::format("{}", v)), bare(std::isfinite(v)) {}

void configure(Level level, Format format, std::string agent) {
    threshold = level;
    chosen_format = format;
    const std::scoped_lock lock(agent_mutex);
    agent_name = std::move(agent);
}

bool enabled(Level level) { return level >= threshold.load(std::memory_order_relaxed); }

std::string line(Level level, std::string_view event, std::initializer_list<Field> fields) {
    const Format format = chosen_format.load(std::memory_order_relaxed);
    std::string out;
    if (format == Format::json) {
        out = fmt::format(R"({{"time":"{}","level":"{}","event":"{}")", timestamp(), word(level),
                          event);
    } else {
        out = fmt::format("time={} level={} event={}", timestamp(), word(level), event);
    }
    {
        const std::scoped_lock lock(agent_mutex);
        if (!agent_name.empty()) append(out, format, Field("agent", agent_name));
    }
    for (const Field& field : fields) append(out, format, field);
    if (format == Format::json) out += '}';
    out += '\n';
    return out;
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (!enabled(level)) return;
    const std::string text = line(level, event, fields);
    // A log that can't be written has nowhere to report it; the agent goes on serving.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace weir::base::log
