// A result of one row that Weir gives itself: SELECT CONNECTION_ID() (an unsigned integer in
// MariaDB) and such. Text is ASCII. Pure. Source: "Text Resultset": column count, column
// definitions, EOF, rows as text, EOF or OK.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/mysql/packets.h"

namespace weir::wire::mysql {

enum class ColumnType : std::uint8_t { integer = 3, long_long = 8, var_string = 253 };

struct Column {
    std::string_view name;
    ColumnType type = ColumnType::long_long;
    bool is_unsigned = false;  // of numbers
};
// What stands in the one row; nothing is NULL. Whole numbers where the column is one.
using Row = std::vector<std::optional<std::string>>;

// Appends the whole result. Precondition: a value for each column, at least one; less than 0xffffff
// bytes each. `end`: warnings and status of its end.
void append_text_result(std::string& out, std::uint8_t& sequence,
                        const std::vector<Column>& columns, const Row& row, Eof end,
                        std::uint32_t capabilities);
// The same as COM_STMT_EXECUTE answers it: the row in binary form.
void append_binary_result(std::string& out, std::uint8_t& sequence,
                          const std::vector<Column>& columns, const Row& row, Eof end,
                          std::uint32_t capabilities);
// Column definitions alone, without a count, for COM_STMT_PREPARE's answer.
void append_column_definition(std::string& out, std::uint8_t& sequence, const Column& column);

}  // namespace weir::wire::mysql
