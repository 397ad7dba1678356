// Structured log lines to standard error: one event a line, logfmt or JSON, written by one write(2)
// so that lines of several threads never mix. Values are escaped; secrets and statement literals
// are never passed in. Any thread; not for the way of a query.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/words.h"

namespace weir::base::log {

enum class Level : std::uint8_t { debug, info, warn, error };
enum class Format : std::uint8_t { logfmt, json };

// One key=value. Numbers stay numbers in JSON.
struct Field {
    Field(std::string_view k, std::string_view v) : key(k), value(v) {}
    Field(std::string_view k, const std::string& v) : key(k), value(v) {}
    Field(std::string_view k, const char* v) : key(k), value(v) {}
    Field(std::string_view k, double v);
    Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false"), bare(true) {}
    template <class N>
    requires std::is_integral_v<N> Field(std::string_view k, N v)
        : key(k), value(std::to_string(v)), bare(true) {}

    std::string_view key;
    std::string value;
    bool bare = false;
};

// Sets what is written from now on; `agent` is added to every line when not empty.
void configure(Level level, Format format, std::string agent);
[[nodiscard]] bool enabled(Level level);

// `event` is a short stable name such as "pool.saturated"; fields follow in the order given.
void write(Level level, std::string_view event, std::initializer_list<Field> fields);
[[nodiscard]] std::string line(Level level, std::string_view event,
                               std::initializer_list<Field> fields);  // what write() writes

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
    if (enabled(Level::debug)) write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::info, event, fields);
}
inline void warn(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::warn, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::error, event, fields);
}

}  // namespace weir::base::log

template <>
struct weir::base::Words<weir::base::log::Level> {
    static constexpr std::array<std::string_view, 4> all{"debug", "info", "warn", "error"};
};
template <>
struct weir::base::Words<weir::base::log::Format> {
    static constexpr std::array<std::string_view, 2> all{"logfmt", "json"};
};
