#include "wire/mysql/result_packets.h"

#include <cassert>
#include <charconv>

#include "wire/mysql/encoding.h"

namespace weir::wire::mysql {

namespace {

constexpr std::uint16_t binary_collation = 63, utf8mb4_collation = 45;
constexpr std::uint16_t not_null_flag = 0x0001, unsigned_flag = 0x0020, binary_flag = 0x0080;
constexpr std::uint32_t integer_width = 10, long_long_width = 21, string_width = 1024;

void put_packet(std::string& out, std::uint8_t& sequence, std::string_view payload) {
    assert(payload.size() < longest_packet);
    append_packets(out, sequence, payload);
}

void put_head(std::string& out, std::uint8_t& sequence, const std::vector<Column>& columns, Eof end,
              std::uint32_t capabilities) {
    std::string count;
    put_length_encoded(count, std::uint64_t{columns.size()});
    put_packet(out, sequence, count);
    for (const Column& column : columns) append_column_definition(out, sequence, column);
    if ((capabilities & capability::deprecate_eof) == 0) append_eof(out, sequence, end);
}

std::uint64_t number(const Column& column, std::string_view text) {
    std::uint64_t plain = 0;
    std::int64_t with_sign = 0;
    if (column.is_unsigned) {
        std::from_chars(text.data(), text.data() + text.size(), plain);
        return plain;
    }
    std::from_chars(text.data(), text.data() + text.size(), with_sign);
    return static_cast<std::uint64_t>(with_sign);
}

}  // namespace

void append_column_definition(std::string& out, std::uint8_t& sequence, const Column& column) {
    const bool is_number = column.type != ColumnType::var_string;
    const std::uint32_t number_width =
        column.type == ColumnType::integer ? integer_width : long_long_width;
    std::string definition;
    put_length_encoded(definition, "def");
    for (int names_of_a_table = 0; names_of_a_table < 3; ++names_of_a_table) {
        put_length_encoded(definition, "");
    }
    put_length_encoded(definition, column.name);
    put_length_encoded(definition, "");  // the column's own name: it is none of a table's
    put_u8(definition, 0x0c);            // length of what follows
    put_u16(definition, is_number ? binary_collation : utf8mb4_collation);
    put_u32(definition, is_number ? number_width : string_width);
    put_u8(definition, static_cast<std::uint8_t>(column.type));
    put_u16(definition, static_cast<std::uint16_t>((is_number ? not_null_flag | binary_flag : 0) |
                                                   (column.is_unsigned ? unsigned_flag : 0)));
    put_u8(definition, is_number ? 0 : 39);  // decimals: none, or "as they come"
    put_u16(definition, 0);
    put_packet(out, sequence, definition);
}

void append_text_result(std::string& out, std::uint8_t& sequence,
                        const std::vector<Column>& columns, const Row& row, Eof end,
                        std::uint32_t capabilities) {
    assert(!columns.empty() && row.size() == columns.size());
    put_head(out, sequence, columns, end, capabilities);
    std::string values;
    for (const auto& value : row) {
        if (value) {
            put_length_encoded(values, *value);
        } else {
            put_u8(values, 0xfb);
        }
    }
    put_packet(out, sequence, values);
    append_end(out, sequence, end, capabilities);
}

void append_binary_result(std::string& out, std::uint8_t& sequence,
                          const std::vector<Column>& columns, const Row& row, Eof end,
                          std::uint32_t capabilities) {
    assert(!columns.empty() && row.size() == columns.size());
    constexpr std::size_t null_offset = 2;  // the first two bits of a row's bitmap are reserved
    put_head(out, sequence, columns, end, capabilities);
    std::string nulls((columns.size() + 7 + null_offset) / 8, '\0');
    std::string values;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::size_t bit = i + null_offset;
        if (!row[i]) {
            nulls[bit / 8] = static_cast<char>(nulls[bit / 8] | 1 << bit % 8);
        } else if (columns[i].type == ColumnType::var_string) {
            put_length_encoded(values, *row[i]);
        } else {
            const std::uint64_t value = number(columns[i], *row[i]);
            put_u32(values, static_cast<std::uint32_t>(value));
            if (columns[i].type == ColumnType::integer) continue;
            put_u32(values, static_cast<std::uint32_t>(value >> 32U));
        }
    }
    put_packet(out, sequence, std::string(1, '\0') + nulls + values);
    append_end(out, sequence, end, capabilities);
}

}  // namespace weir::wire::mysql
