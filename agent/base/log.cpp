#include "base/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
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

void append_quoted(std::string& out, std::string_view value) {
    out += '"';
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20 || byte == 0x7f) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
        } else {
            out += c;
        }
    }
    out += '"';
}

bool needs_quotes(std::string_view value) {
    if (value.empty()) return true;
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte == 0x7f || c == '"' || c == '=' || c == '\\') return true;
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

Field::Field(std::string_view k, double v) : key(k), value(fmt::format("{}", v)), bare(true) {}

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
