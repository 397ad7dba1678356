// The messages of a server that answers queries itself: results to the client, and reading what the
// extended protocol asks for. Pure; as messages.h: a builder returns one whole message, a reader
// gets a body without its header and returns nothing when it is malformed.
// Source: "Extended Query", "Message Formats".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::wire::postgresql {

enum class ColumnType : std::uint32_t { int4 = 23, text = 25, numeric = 1700 };  // pg_type.oid
enum class Format : std::uint16_t { text = 0, binary = 1 };

struct Column {
    std::string_view name;
    ColumnType type = ColumnType::text;
};
using Row = std::vector<std::optional<std::string>>;  // as text; nothing is NULL

// Formats are one for each column, one for all, or none (text).
[[nodiscard]] std::string row_description(const std::vector<Column>& columns,
                                          const std::vector<Format>& formats = {});
// Precondition: a value for each column; int4 and numeric columns hold whole numbers.
[[nodiscard]] std::string data_row(const std::vector<Column>& columns, const Row& row,
                                   const std::vector<Format>& formats = {});
[[nodiscard]] std::string command_complete(std::string_view tag);
[[nodiscard]] std::string empty_query_response();
[[nodiscard]] std::string bind_complete();
[[nodiscard]] std::string no_data();
[[nodiscard]] std::string no_parameters();  // ParameterDescription
[[nodiscard]] std::string detailed_notice(std::string_view message, std::string_view detail);

struct ParseRequest {
    std::string statement, sql;
};
struct BindRequest {
    std::string portal, statement;
    unsigned parameters = 0;
    std::vector<Format> formats;  // of the result
};
struct NamedRequest {  // Describe and Close: 'S'tatement or 'P'ortal
    char kind = 0;
    std::string name;
};
[[nodiscard]] std::optional<ParseRequest> read_parse(std::string_view body);
[[nodiscard]] std::optional<BindRequest> read_bind(std::string_view body);
[[nodiscard]] std::optional<NamedRequest> read_named(std::string_view body);

}  // namespace weir::wire::postgresql
