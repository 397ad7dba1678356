#include "proxy/mysql_settings.h"

#include <algorithm>
#include <array>

namespace weir::proxy {
namespace {

// A number goes as it is: most variables that have one take no text.
bool is_number(std::string_view value) {
    const bool negative = value.starts_with('-');
    if (negative) value.remove_prefix(1);
    const auto rest = std::find_if_not(value.begin(), value.end(),
                                       [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
    return !value.empty() && rest == value.end() && value.front() != '.' &&
           std::count(value.begin(), value.end(), '.') <= 1;
}

// Read the same whatever the sql_mode and the character set.
void append_text(std::string& out, std::string_view value) {
    const bool plain = std::all_of(value.begin(), value.end(), [](char c) {
        return c >= ' ' && c <= '~' && c != '\\' && c != '\'';
    });
    if (plain) {
        out.append("'").append(value).append("'");
        return;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    out += "_utf8 x'";
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        out.push_back(digits[byte >> 4U]);
        out.push_back(digits[byte & 15U]);
    }
    out += '\'';
}

void append_value(std::string& out, std::string_view name, std::string_view value) {
    // What has no value is told as an empty one, which these can't have.
    constexpr std::array optional = std::to_array<std::string_view>(
        {"character_set_results", "default_tmp_storage_engine", "enforce_storage_engine",
         "innodb_ft_user_stopword_table", "innodb_tmpdir"});
    if (value.empty() && std::binary_search(optional.begin(), optional.end(), name)) {
        out += "NULL";
    } else if (is_number(value)) {
        out += value;
    } else {
        append_text(out, value);
    }
}

void append_name(std::string& out, std::string_view name) {
    out += out.empty() ? "SET SESSION " : ", ";
    out.append(name).append("=");
}

}  // namespace

std::string mysql_replay(const ParameterSet& wanted, const ParameterSet& applied,
                         const ParameterSet& base) {
    SettingsDifference change = difference(wanted, applied, applied, base);
    const bool charset_set =
        std::any_of(change.to_set.begin(), change.to_set.end(),
                    [](const auto& entry) { return entry.first == connection_charset; });
    std::string statement;
    for (const auto& [name, value] : change.to_set) {
        append_name(statement, name);
        append_value(statement, name, value);
    }
    // It gives the character set's own collation, which then must be set again.
    const std::string* const collation = wanted.find(connection_collation);
    const bool collation_set =
        std::any_of(change.to_set.begin(), change.to_set.end(),
                    [](const auto& entry) { return entry.first == connection_collation; });
    if (charset_set && !collation_set && collation != nullptr) {
        append_name(statement, connection_collation);
        append_value(statement, connection_collation, *collation);
    }
    for (const std::string& name : change.to_reset)
        append_name(statement, name), statement += "DEFAULT";
    return statement;
}

bool mysql_carried(std::string_view name) {
    // For one statement only, told as something else than what was set, or ours.
    constexpr std::array not_carried = std::to_array<std::string_view>(
        {"gtid_domain_id", "gtid_seq_no", "insert_id", "pseudo_slave_mode", "pseudo_thread_id",
         "rand_seed1", "rand_seed2", "session_track_gtids", "session_track_schema",
         "session_track_state_change", "session_track_system_variables",
         "session_track_transaction_info", "server_id", "skip_replication", "timestamp"});
    return !std::binary_search(not_carried.begin(), not_carried.end(), name);
}

}  // namespace weir::proxy
