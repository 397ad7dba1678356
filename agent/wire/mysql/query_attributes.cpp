#include "wire/mysql/query_attributes.h"

#include "wire/mysql/encoding.h"

namespace weir::wire::mysql {

namespace {

constexpr std::uint64_t most_parameters = 0xffff;
constexpr std::uint8_t parameter_count_available = 0x08;  // of an execute's flags
constexpr std::uint16_t unsigned_flag = 0x8000;
constexpr std::string_view trace_name = "traceparent";

struct Parameter {
    std::uint16_t type = 0;  // and the flag
    std::string_view name;
};

bool has_bit(std::string_view bitmap, std::size_t i) {
    return i / 8 < bitmap.size() && (static_cast<unsigned char>(bitmap[i / 8]) >> i % 8 & 1U) != 0;
}

bool take_parameter(PayloadReader& types, Parameter& parameter) {
    return types.take(parameter.type) && types.take_length_encoded(parameter.name);
}

// Of enum_field_types: VARCHAR, the blobs, VAR_STRING, STRING.
bool is_text(std::uint16_t type) {
    const unsigned kind = type & ~unsigned{unsigned_flag};
    return kind == 15 || (kind >= 249 && kind <= 254);
}

// Times, too, have their size in front of them.
bool take_value(PayloadReader& values, std::uint16_t type, std::string_view& value) {
    switch (type & ~unsigned{unsigned_flag}) {
        case 6:  // NULL
            return true;
        case 1:    // TINY
        case 244:  // BOOL
            return values.take_bytes(1, value);
        case 2:   // SHORT
        case 13:  // YEAR
            return values.take_bytes(2, value);
        case 3:  // LONG
        case 4:  // FLOAT
        case 9:  // INT24
            return values.take_bytes(4, value);
        case 5:  // DOUBLE
        case 8:  // LONGLONG
            return values.take_bytes(8, value);
        case 0:    // DECIMAL
        case 7:    // TIMESTAMP
        case 10:   // DATE
        case 11:   // TIME
        case 12:   // DATETIME
        case 15:   // VARCHAR
        case 16:   // BIT
        case 242:  // VECTOR
        case 245:  // JSON
        case 246:  // NEWDECIMAL
        case 247:  // ENUM
        case 248:  // SET
        case 249:  // TINY_BLOB
        case 250:  // MEDIUM_BLOB
        case 251:  // LONG_BLOB
        case 252:  // BLOB
        case 253:  // VAR_STRING
        case 254:  // STRING
        case 255:  // GEOMETRY
            return values.take_length_encoded(value);
        default:
            return false;
    }
}

// Parameters `from` up to `to`, of which `types` has the next one's type; all are whole there.
bool take_values(PayloadReader& types, PayloadReader& values, std::string_view nulls,
                 std::string_view long_data, std::size_t from, std::size_t to,
                 std::string_view& traceparent) {
    for (std::size_t i = from; i < to; ++i) {
        Parameter parameter;
        if (!take_parameter(types, parameter)) return false;
        if (has_bit(nulls, i) || has_bit(long_data, i)) continue;
        std::string_view value;
        if (!take_value(values, parameter.type, value)) return false;
        if (traceparent.empty() && parameter.name == trace_name && is_text(parameter.type)) {
            traceparent = value;
        }
    }
    return true;
}

bool skip_types(PayloadReader& reader, std::size_t count) {
    Parameter parameter;
    for (std::size_t i = 0; i < count; ++i) {
        if (!take_parameter(reader, parameter)) return false;
    }
    return true;
}

// The statement's own part of what stands between flags and values.
void put_plain_parameters(std::string& out, std::string_view nulls, std::uint8_t bound,
                          PayloadReader types, std::uint16_t parameters) {
    if (parameters == 0) return;
    out.append(nulls.substr(0, (parameters + 7U) / 8U));
    if (parameters % 8 != 0) {
        const unsigned own = (1U << parameters % 8U) - 1;
        out.back() = static_cast<char>(static_cast<unsigned char>(out.back()) & own);
    }
    put_u8(out, bound);
    Parameter parameter;
    for (std::size_t i = 0; bound == 1 && i < parameters && take_parameter(types, parameter); ++i) {
        put_u16(out, parameter.type);
    }
}

}  // namespace

base::Result<QueryAttributes> read_query_attributes(std::string_view payload) {
    PayloadReader reader(payload);
    QueryAttributes attributes;
    std::uint8_t command = 0, bound = 0;
    std::uint64_t count = 0, sets = 0;
    std::string_view nulls;
    if (!reader.take(command) || command != static_cast<std::uint8_t>(Command::query) ||
        !reader.take_length_encoded(count) || !reader.take_length_encoded(sets)) {
        return base::error("the query's attributes are cut short");
    }
    if (sets != 1) return base::error("the query has not one set of attributes");
    if (count > most_parameters) return base::error("the query has too many attributes");
    if (count > 0) {
        if (!reader.take_bytes((count + 7) / 8, nulls) || !reader.take(bound)) {
            return base::error("the query's attributes are cut short");
        }
        if (bound != 1) return base::error("the query's attributes have no types");
        PayloadReader types = reader;
        if (!skip_types(reader, count) ||
            !take_values(types, reader, nulls, {}, 0, count, attributes.traceparent)) {
            return base::error("the query's attributes are cut short, or of an unknown type");
        }
    }
    attributes.text_at = payload.size() - reader.rest().size();
    return attributes;
}

base::Result<std::string_view> append_plain_execute(std::string& out, std::string_view payload,
                                                    std::uint16_t parameters,
                                                    std::string_view long_data, bool whole) {
    PayloadReader reader(payload);
    std::uint8_t command = 0, flags = 0, bound = 0;
    std::uint32_t statement = 0, iterations = 0;
    if (!reader.take(command) || command != static_cast<std::uint8_t>(Command::stmt_execute) ||
        !reader.take(statement) || !reader.take(flags) || !reader.take(iterations)) {
        return base::error("the execute is cut short");
    }
    std::uint64_t count = 0;
    const bool counted = parameters > 0 || (flags & parameter_count_available) != 0;
    if (counted && !reader.take_length_encoded(count)) {
        return base::error("the execute is cut short");
    }
    if (count < parameters || count > most_parameters) {
        return base::error("the execute has another number of parameters than its statement");
    }
    std::string_view nulls, traceparent;
    if (count > 0 && (!reader.take_bytes((count + 7) / 8, nulls) || !reader.take(bound))) {
        return base::error("the execute's parameters are cut short");
    }
    if (bound > 1) return base::error("the execute has unknown flags");
    const PayloadReader types = reader;
    if (bound == 1 && !skip_types(reader, count)) {
        return base::error("the execute's parameter types are cut short");
    }
    std::string_view values = reader.rest();
    if (bound == 1 && count > parameters && whole) {
        PayloadReader walked = types;
        std::string_view own;  // one of its own may have the name, too
        if (!take_values(walked, reader, nulls, long_data, 0, parameters, own)) {
            return base::error("the execute's values are cut short, or of an unknown type");
        }
        values.remove_suffix(reader.rest().size());
        if (!take_values(walked, reader, nulls, {}, parameters, count, traceparent)) {
            return base::error("the execute's attributes are cut short, or of an unknown type");
        }
    }
    put_u8(out, command);
    put_u32(out, statement);
    put_u8(out, static_cast<std::uint8_t>(flags & ~parameter_count_available));
    put_u32(out, iterations);
    put_plain_parameters(out, nulls, bound, types, parameters);
    out.append(values);
    return traceparent;
}

}  // namespace weir::wire::mysql
