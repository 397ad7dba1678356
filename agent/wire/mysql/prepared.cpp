#include "wire/mysql/prepared.h"

#include <cassert>

#include "wire/mysql/encoding.h"
#include "wire/mysql/packets.h"

namespace weir::wire::mysql {

namespace {

constexpr std::uint8_t read_only_cursor = 0x01;

// Takes the command byte.
bool take_command(PayloadReader& reader, Command command) {
    std::uint8_t byte = 0;
    return reader.take(byte) && byte == static_cast<std::uint8_t>(command);
}

// All of an execute in front of its values.
std::size_t head_size(std::uint16_t parameters, std::string_view types) {
    return 10 + (parameters == 0 ? 0 : (parameters + 7U) / 8U + 1 + types.size());
}

void put_head(std::string& out, const ExecuteRequest& request, std::uint32_t id,
              std::string_view types, std::uint16_t parameters) {
    assert(types.empty() || types.size() == 2U * parameters);
    put_u8(out, static_cast<std::uint8_t>(Command::stmt_execute));
    put_u32(out, id);
    put_u8(out, request.cursor ? read_only_cursor : 0);
    put_u32(out, 1);
    if (parameters == 0) return;
    out.append(request.null_bitmap);
    put_u8(out, types.empty() ? 0 : 1);
    out.append(types);
}

}  // namespace

std::optional<std::uint32_t> statement_of(std::string_view payload) {
    PayloadReader reader(payload);
    std::uint8_t command = 0;
    std::uint32_t id = 0;
    if (!reader.take(command) || !reader.take(id)) return std::nullopt;
    return id;
}

void put_statement(char* payload, std::uint32_t id) {
    for (unsigned i = 0; i < 4; ++i) payload[1 + i] = static_cast<char>(id >> (8U * i) & 0xffU);
}

base::Result<ExecuteRequest> read_execute(std::string_view payload, std::uint16_t parameters) {
    PayloadReader reader(payload);
    ExecuteRequest request;
    std::uint8_t flags = 0;
    std::uint32_t iterations = 0;
    if (!take_command(reader, Command::stmt_execute) || !reader.take(request.statement) ||
        !reader.take(flags) || !reader.take(iterations)) {
        return base::error("the execute is cut short");
    }
    if ((flags & ~read_only_cursor) != 0) return base::error("the execute has unknown flags");
    if (iterations != 1) return base::error("the execute asks for more than one iteration");
    request.cursor = flags == read_only_cursor;
    if (parameters == 0) {
        request.values = reader.rest();
        return request;
    }
    std::uint8_t bound = 0;
    if (!reader.take_bytes((parameters + 7U) / 8U, request.null_bitmap) || !reader.take(bound)) {
        return base::error("the execute's parameters are cut short");
    }
    if (bound > 1) return base::error("the execute has unknown flags");
    request.types_bound = bound == 1;
    if (request.types_bound && !reader.take_bytes(2U * parameters, request.types)) {
        return base::error("the execute's parameter types are cut short");
    }
    request.values = reader.rest();
    return request;
}

void append_execute(std::string& out, const ExecuteRequest& request, std::uint32_t id,
                    std::string_view types, std::uint16_t parameters) {
    if (append_execute_head(out, request, id, types, parameters, request.values.size())) {
        out.append(request.values);
        return;
    }
    std::string payload;
    put_head(payload, request, id, request.types_bound ? request.types : types, parameters);
    std::uint8_t sequence = 0;
    append_packets(out, sequence, payload.append(request.values));
}

bool append_execute_head(std::string& out, const ExecuteRequest& request, std::uint32_t id,
                         std::string_view types, std::uint16_t parameters,
                         std::size_t values_size) {
    if (request.types_bound) types = request.types;
    const std::size_t size = head_size(parameters, types) + values_size;
    if (size >= longest_packet) return false;
    put_u24(out, static_cast<std::uint32_t>(size));
    put_u8(out, 0);
    put_head(out, request, id, types, parameters);
    return true;
}

std::optional<FetchRequest> read_fetch(std::string_view payload) {
    PayloadReader reader(payload);
    FetchRequest request;
    if (!take_command(reader, Command::stmt_fetch) || !reader.take(request.statement) ||
        !reader.take(request.rows)) {
        return std::nullopt;
    }
    return request;
}

std::optional<LongData> read_long_data(std::string_view payload) {
    PayloadReader reader(payload);
    LongData data;
    if (!take_command(reader, Command::stmt_send_long_data) || !reader.take(data.statement) ||
        !reader.take(data.parameter)) {
        return std::nullopt;
    }
    data.data = reader.rest();
    return data;
}

void append_statement_command(std::string& out, Command command, std::uint32_t statement) {
    std::string id;
    put_u32(id, statement);
    append_command(out, command, id);
}

std::optional<PreparedOk> read_prepared_ok(std::string_view payload) {
    PayloadReader reader(payload);
    PreparedOk ok;
    std::uint8_t lead = 0, filler = 0;
    if (!reader.take(lead) || lead != ok_lead || !reader.take(ok.statement) ||
        !reader.take(ok.columns) || !reader.take(ok.parameters) || !reader.take(filler) ||
        !reader.take(ok.warnings)) {
        return std::nullopt;
    }
    return ok;
}

void append_prepared_ok(std::string& out, std::uint8_t& sequence, const PreparedOk& ok) {
    std::string payload;
    put_u8(payload, ok_lead);
    put_u32(payload, ok.statement);
    put_u16(payload, ok.columns);
    put_u16(payload, ok.parameters);
    put_u8(payload, 0);
    put_u16(payload, ok.warnings);
    append_packets(out, sequence, payload);
}

}  // namespace weir::wire::mysql
