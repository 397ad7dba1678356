// Prepared statements as bytes: what COM_STMT_EXECUTE and its kin name, and the same asked of
// another connection, where the statement has another id and its parameters' types have never been
// told. Pure. Readers get a payload with its command byte; views lie in it. Source: "Binary
// Protocol (prepared statements)": "COM_STMT_PREPARE", "COM_STMT_EXECUTE", "COM_STMT_FETCH",
// "COM_STMT_SEND_LONG_DATA", "COM_STMT_CLOSE", "COM_STMT_RESET".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/mysql/protocol.h"

namespace weir::wire::mysql {

// The statement that a COM_STMT_EXECUTE, _FETCH, _SEND_LONG_DATA, _CLOSE or _RESET is about;
// nothing when its payload is shorter than that. Needs the first 5 bytes.
[[nodiscard]] std::optional<std::uint32_t> statement_of(std::string_view payload);
// Puts another id into those bytes, in place. Precondition: at least 5 of them.
void put_statement(char* payload, std::uint32_t id);

struct ExecuteRequest {
    std::uint32_t statement = 0;
    bool cursor = false;           // it asks for one
    bool types_bound = false;      // `types` is sent; else the server's memory is relied upon
    std::string_view null_bitmap;  // a bit for each parameter
    std::string_view types;        // two bytes a parameter: type, flags (0x80: unsigned)
    std::string_view values;       // as far as the payload goes
};
// The first so many bytes of an execute are all that read_execute needs, at most.
[[nodiscard]] constexpr std::size_t execute_head_size(std::uint16_t parameters) {
    return 10 + (parameters == 0 ? 0 : (std::size_t{parameters} + 7) / 8 + 1 + 2U * parameters);
}
// Of the statement that has so many parameters. `payload` may lack values at its end. The error
// says what is wrong: too short, more than one iteration, flags that were not offered.
[[nodiscard]] base::Result<ExecuteRequest> read_execute(std::string_view payload,
                                                        std::uint16_t parameters);
// Appends the packets of the same execute for the statement `id`; `types`: put in where the request
// has none, two bytes a parameter, or empty. Precondition: the request is whole.
void append_execute(std::string& out, const ExecuteRequest& request, std::uint32_t id,
                    std::string_view types, std::uint16_t parameters);
// The head of it alone, a packet header of `values_size` more bytes included; false, and nothing
// appended, when it would not fit one packet.
[[nodiscard]] bool append_execute_head(std::string& out, const ExecuteRequest& request,
                                       std::uint32_t id, std::string_view types,
                                       std::uint16_t parameters, std::size_t values_size);

struct FetchRequest {
    std::uint32_t statement = 0, rows = 0;
};
[[nodiscard]] std::optional<FetchRequest> read_fetch(std::string_view payload);

struct LongData {
    std::uint32_t statement = 0;
    std::uint16_t parameter = 0;
    std::string_view data;
};
[[nodiscard]] std::optional<LongData> read_long_data(std::string_view payload);

// COM_STMT_CLOSE, and COM_STMT_RESET: of ours.
void append_statement_command(std::string& out, Command command, std::uint32_t statement);

// The first packet of COM_STMT_PREPARE's answer.
struct PreparedOk {
    std::uint32_t statement = 0;
    std::uint16_t columns = 0, parameters = 0, warnings = 0;
};
[[nodiscard]] std::optional<PreparedOk> read_prepared_ok(std::string_view payload);
void append_prepared_ok(std::string& out, std::uint8_t& sequence, const PreparedOk& ok);

}  // namespace weir::wire::mysql
