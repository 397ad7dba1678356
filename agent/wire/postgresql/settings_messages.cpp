#include "wire/postgresql/settings_messages.h"

#include <cassert>
#include <cstdint>

#include "wire/postgresql/message_types.h"
#include "wire/postgresql/messages.h"

namespace weir::wire::postgresql {
namespace {

constexpr std::string_view encoding = "client_encoding";

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || (static_cast<unsigned char>(c) & 0x80U) != 0;
}

void put_uint(std::string& out, std::uint32_t value, unsigned bytes) {
    while (bytes-- > 0) out.push_back(static_cast<char>(value >> 8 * bytes & 0xffU));
}

std::uint32_t take_uint(std::string_view& bytes, unsigned size) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < size; ++i) {
        value = value << 8U | static_cast<unsigned char>(bytes[i]);
    }
    bytes.remove_prefix(size);
    return value;
}

// "a"."b" for a.b
std::string quoted(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        if (c == '.') {
            out += "\".\"";
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
    return out;
}

void put(Batch& batch, char type, std::string_view message) {
    batch.types.push_back(type);
    batch.bytes += message;
}

// One extended batch of the unnamed statement, its parameters bound as text.
void put_extended(Batch& batch, const std::string& sql,
                  const std::vector<std::string_view>& values) {
    put(batch, frontend::parse, parse({}, sql + std::string("\0\0\0", 3)));
    std::string parameters;
    put_uint(parameters, 0, 2);
    put_uint(parameters, static_cast<std::uint32_t>(values.size()), 2);
    for (const std::string_view value : values) {
        put_uint(parameters, static_cast<std::uint32_t>(value.size()), 4);
        parameters += value;
    }
    put_uint(parameters, 0, 2);
    std::string bind;
    put_bind_head(bind, {}, {}, parameters.size());
    put(batch, frontend::bind, bind + parameters);
    put(batch, frontend::execute, execute());
    put(batch, frontend::sync, sync());
}

}  // namespace

bool is_setting_name(std::string_view name) {
    bool at_start = true;
    for (const char c : name) {
        const bool digit = (c >= '0' && c <= '9') || c == '$';
        if (c == '.' ? at_start : !is_name_character(c) || (at_start && digit)) return false;
        at_start = c == '.';
    }
    return !at_start;
}

Batch replay(const std::vector<std::pair<std::string, std::string>>& to_set,
             const std::vector<std::string>& to_reset) {
    Batch batch;
    std::string resets;
    for (const std::string& name : to_reset) {
        assert(is_setting_name(name));
        resets += "RESET " + quoted(name) + ';';
    }
    if (!resets.empty()) put(batch, frontend::query, query(resets));
    const std::string call = "pg_catalog.set_config(";
    std::string sql;
    std::vector<std::string_view> values;
    for (const auto& [name, value] : to_set) {
        assert(is_setting_name(name));
        if (name == encoding) {
            put_extended(batch, "SELECT " + call + "$1, $2, false)", {name, value});
            continue;
        }
        sql += sql.empty() ? "SELECT " : ", ";
        sql += call + '$' + std::to_string(values.size() + 1) + ", $" +
               std::to_string(values.size() + 2) + ", false)";
        values.push_back(name);
        values.push_back(value);
    }
    if (!sql.empty()) put_extended(batch, sql, values);
    return batch;
}

Batch ask_settings(const std::vector<std::string>& names, const std::vector<std::string>& sources) {
    std::string sql;
    std::vector<std::string_view> values;
    for (const std::string& name : names) {
        sql += sql.empty() ? "SELECT " : ", ";
        values.push_back(name);
        sql += "pg_catalog.current_setting($" + std::to_string(values.size()) + ", true)";
    }
    for (const std::string& name : sources) {
        values.push_back(name);
        // The client's search_path must not choose the operators.
        sql +=
            ", (SELECT source OPERATOR(pg_catalog.=) 'session' FROM pg_catalog.pg_settings"
            " WHERE pg_catalog.lower(name) OPERATOR(pg_catalog.=) $" +
            std::to_string(values.size()) + ')';
    }
    Batch batch;
    put_extended(batch, sql, values);
    return batch;
}

std::optional<std::vector<std::optional<std::string>>> read_data_row(std::string_view body) {
    if (body.size() < 2) return std::nullopt;
    const std::uint32_t columns = take_uint(body, 2);
    std::vector<std::optional<std::string>> row;
    for (std::uint32_t i = 0; i < columns; ++i) {
        if (body.size() < 4) return std::nullopt;
        const std::uint32_t length = take_uint(body, 4);
        if (length == 0xffffffff) {
            row.emplace_back();
            continue;
        }
        if (length > body.size()) return std::nullopt;
        row.emplace_back(body.substr(0, length));
        body.remove_prefix(length);
    }
    return row;
}

}  // namespace weir::wire::postgresql
