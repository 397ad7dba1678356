#include "wire/postgresql/result_messages.h"

#include <algorithm>
#include <cassert>
#include <charconv>

#include "wire/postgresql/message_types.h"
#include "wire/postgresql/messages.h"

namespace weir::wire::postgresql {
namespace {

std::string begun(char type) { return {type, 0, 0, 0, 0}; }

std::string ended(std::string message) {
    put_length(message);
    return message;
}

void put16(std::string& out, std::uint16_t value) {
    out.push_back(static_cast<char>(value >> 8U));
    out.push_back(static_cast<char>(value & 0xffU));
}

void put32(std::string& out, std::uint32_t value) {
    put16(out, static_cast<std::uint16_t>(value >> 16U));
    put16(out, static_cast<std::uint16_t>(value & 0xffffU));
}

void put_text(std::string& out, std::string_view text) {
    out.append(text.substr(0, text.find('\0')));
    out.push_back('\0');
}

Format format_of(const std::vector<Format>& formats, std::size_t column) {
    if (formats.empty()) return Format::text;
    return formats.size() == 1 ? formats.front() : formats[std::min(column, formats.size() - 1)];
}

template <class Number>
Number number_in(std::string_view text) {
    Number value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    assert(read.ec == std::errc{} && "a column of numbers holds whole numbers");
    (void)read;
    return value;
}

// numeric_send: digits of base 10,000, the weight of the first, the sign, no fraction.
std::string numeric_binary(std::uint64_t value) {
    constexpr std::uint64_t base = 10'000;
    std::vector<std::uint16_t> digits;
    for (; value > 0; value /= base) digits.push_back(static_cast<std::uint16_t>(value % base));
    std::string out;
    put16(out, static_cast<std::uint16_t>(digits.size()));
    put16(out, static_cast<std::uint16_t>(digits.empty() ? 0 : digits.size() - 1));
    put16(out, 0);
    put16(out, 0);
    std::for_each(digits.rbegin(), digits.rend(), [&](std::uint16_t d) { put16(out, d); });
    return out;
}

std::string binary(ColumnType type, const std::string& text) {
    std::string out;
    switch (type) {
        case ColumnType::text:
            return text;
        case ColumnType::int4:
            put32(out, static_cast<std::uint32_t>(number_in<std::int32_t>(text)));
            return out;
        case ColumnType::numeric:
            return numeric_binary(number_in<std::uint64_t>(text));
    }
    return out;
}

// Reads a body from its front; once anything was missing, all the rest is.
class Fields {
  public:
    explicit Fields(std::string_view body) : rest_(body) {}
    std::string text() {
        const auto end = rest_.find('\0');
        if (end == std::string_view::npos) return fail(), std::string();
        std::string value(rest_.substr(0, end));
        rest_.remove_prefix(end + 1);
        return value;
    }
    char byte() {
        const auto one = bytes(1);
        return one.empty() ? '\0' : one.front();
    }
    unsigned number16() {
        const auto two = bytes(2);
        if (two.empty()) return 0;
        return static_cast<unsigned>(static_cast<unsigned char>(two[0])) << 8U |
               static_cast<unsigned char>(two[1]);
    }
    std::string_view bytes(std::size_t count) {
        if (rest_.size() < count) return fail(), std::string_view();
        const auto taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }
    [[nodiscard]] bool sound() const { return sound_; }
    [[nodiscard]] bool at_end() const { return sound_ && rest_.empty(); }

  private:
    void fail() {
        sound_ = false;
        rest_ = {};
    }
    std::string_view rest_;
    bool sound_ = true;
};

}  // namespace

std::string row_description(const std::vector<Column>& columns,
                            const std::vector<Format>& formats) {
    std::string out = begun(backend::row_description);
    put16(out, static_cast<std::uint16_t>(columns.size()));
    for (std::size_t i = 0; i < columns.size(); ++i) {
        put_text(out, columns[i].name);
        put32(out, 0);  // of no table
        put16(out, 0);
        put32(out, static_cast<std::uint32_t>(columns[i].type));
        put16(out, columns[i].type == ColumnType::int4 ? std::uint16_t{4} : std::uint16_t{0xffff});
        put32(out, 0xffffffff);  // no modifier
        put16(out, static_cast<std::uint16_t>(format_of(formats, i)));
    }
    return ended(std::move(out));
}

std::string data_row(const std::vector<Column>& columns, const Row& row,
                     const std::vector<Format>& formats) {
    assert(columns.size() == row.size());
    std::string out = begun(backend::data_row);
    put16(out, static_cast<std::uint16_t>(row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
        if (!row[i]) {
            put32(out, 0xffffffff);
            continue;
        }
        const std::string value =
            format_of(formats, i) == Format::binary ? binary(columns[i].type, *row[i]) : *row[i];
        put32(out, static_cast<std::uint32_t>(value.size()));
        out.append(value);
    }
    return ended(std::move(out));
}

std::string command_complete(std::string_view tag) {
    std::string out = begun(backend::command_complete);
    put_text(out, tag);
    return ended(std::move(out));
}

std::string empty_query_response() { return ended(begun(backend::empty_query_response)); }
std::string bind_complete() { return ended(begun(backend::bind_complete)); }
std::string no_data() { return ended(begun(backend::no_data)); }

std::string no_parameters() {
    std::string out = begun(backend::parameter_description);
    put16(out, 0);
    return ended(std::move(out));
}

std::string detailed_notice(std::string_view message, std::string_view detail) {
    std::string out = begun(backend::notice_response);
    const auto field = [&out](char type, std::string_view text) {
        out.push_back(type);
        put_text(out, text);
    };
    field('S', "NOTICE");
    field('V', "NOTICE");
    field('C', "00000");
    field('M', message);
    field('D', detail);
    out.push_back('\0');
    return ended(std::move(out));
}

std::optional<ParseRequest> read_parse(std::string_view body) {
    Fields fields(body);
    ParseRequest request{fields.text(), fields.text()};
    constexpr std::size_t type_size = 4;
    (void)fields.bytes(fields.number16() * type_size);  // types of parameters that Bind must bring
    return fields.at_end() ? std::optional(std::move(request)) : std::nullopt;
}

std::optional<BindRequest> read_bind(std::string_view body) {
    Fields fields(body);
    BindRequest request{fields.text(), fields.text(), 0, {}};
    constexpr std::size_t code_size = 2;
    (void)fields.bytes(fields.number16() * code_size);
    request.parameters = fields.number16();
    if (request.parameters > 0) return fields.sound() ? std::optional(request) : std::nullopt;
    for (unsigned left = fields.number16(); left > 0 && fields.sound(); --left) {
        const unsigned code = fields.number16();
        if (code > 1) return std::nullopt;
        request.formats.push_back(static_cast<Format>(code));
    }
    return fields.at_end() ? std::optional(std::move(request)) : std::nullopt;
}

std::optional<NamedRequest> read_named(std::string_view body) {
    Fields fields(body);
    NamedRequest request{fields.byte(), fields.text()};
    const bool known = request.kind == 'S' || request.kind == 'P';
    return fields.at_end() && known ? std::optional(std::move(request)) : std::nullopt;
}

}  // namespace weir::wire::postgresql
