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

using Value = std::optional<std::string_view>;

// One execution of a statement and portal `name`, its parameters bound as text.
void put_execution(Batch& batch, const std::string& name, const std::string& sql,
                   const std::vector<Value>& values) {
    constexpr std::uint32_t null = 0xffffffff;
    put(batch, frontend::parse, parse(name, sql + std::string("\0\0\0", 3)));
    std::string parameters;
    put_uint(parameters, 0, 2);
    put_uint(parameters, static_cast<std::uint32_t>(values.size()), 2);
    for (const Value& value : values) {
        put_uint(parameters, value ? static_cast<std::uint32_t>(value->size()) : null, 4);
        parameters += value.value_or(std::string_view());
    }
    put_uint(parameters, 0, 2);
    std::string bind;
    put_bind_head(bind, name, name, parameters.size());
    put(batch, frontend::bind, bind + parameters);
    put(batch, frontend::execute, execute(name));
}

// One extended batch of the unnamed statement.
void put_extended(Batch& batch, const std::string& sql, const std::vector<Value>& values) {
    put_execution(batch, {}, sql, values);
    put(batch, frontend::sync, sync());
}

// SELECT set_config(…), …
void put_set(std::string& sql, std::vector<Value>& values, std::string_view name,
             const Value& value, bool locally) {
    values.emplace_back(name);
    values.push_back(value);
    sql += sql.empty() ? "SELECT " : ", ";
    sql += "pg_catalog.set_config($" + std::to_string(values.size() - 1) + ", $" +
           std::to_string(values.size()) + (locally ? ", true)" : ", false)");
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
    std::string sql;
    std::vector<Value> values;
    for (const auto& [name, value] : to_set) {
        assert(is_setting_name(name));
        if (name == encoding) {
            std::string alone;
            std::vector<Value> pair;
            put_set(alone, pair, name, value, false);
            put_extended(batch, alone, pair);
        } else {
            put_set(sql, values, name, value, false);
        }
    }
    if (!sql.empty()) put_extended(batch, sql, values);
    return batch;
}

Batch set_locally(const std::vector<std::pair<std::string, std::optional<std::string>>>& settings,
                  const std::string& name) {
    std::string sql;
    std::vector<Value> values;
    for (const auto& [setting, value] : settings) {
        assert(is_setting_name(setting));
        put_set(sql, values, setting, value, true);
    }
    Batch batch;
    put_execution(batch, name, sql, values);
    put(batch, frontend::close, close_portal(name));
    put(batch, frontend::close, close_statement(name));
    return batch;
}

Batch ask_settings(const std::vector<std::string>& names, const std::vector<std::string>& sources) {
    std::string sql;
    std::vector<Value> values;
    for (const std::string& name : names) {
        sql += sql.empty() ? "SELECT " : ", ";
        values.emplace_back(name);
        sql += "pg_catalog.current_setting($" + std::to_string(values.size()) + ", true)";
    }
    for (const std::string& name : sources) {
        values.emplace_back(name);
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
