// The answers that both sides of Weir meet: OK, ERR and EOF, read and built; and single commands.
// Pure. A reader gets a message's payload, its views lie in it; nothing: malformed. A builder
// appends whole packets and advances `sequence` behind them.
// Source: "Server response packets": "OK_Packet", "ERR_Packet", "EOF_Packet".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/mysql/protocol.h"

namespace weir::wire::mysql {

struct Ok {
    std::uint64_t affected_rows = 0;
    std::uint64_t last_insert_id = 0;
    std::uint16_t status = status::autocommit;
    std::uint16_t warnings = 0;
    std::string_view info;           // for people
    std::string_view session_state;  // read with SESSION_TRACK only; see session_state.h
};
// An OK, lead 0x00, or 0xfe where DEPRECATE_EOF lets it end rows. `capabilities` of the connection.
[[nodiscard]] std::optional<Ok> read_ok(std::string_view payload, std::uint32_t capabilities);
// Writes `session_state` where the capabilities have SESSION_TRACK and it is not empty; the flag
// that says so is set or cleared to fit.
void append_ok(std::string& out, std::uint8_t& sequence, const Ok& ok, std::uint32_t capabilities,
               std::uint8_t lead = ok_lead);

struct Eof {
    std::uint16_t warnings = 0;
    std::uint16_t status = status::autocommit;
};
[[nodiscard]] std::optional<Eof> read_eof(std::string_view payload);
void append_eof(std::string& out, std::uint8_t& sequence, Eof eof);
// The end of a result: an EOF, or with DEPRECATE_EOF an OK with the lead 0xfe.
void append_end(std::string& out, std::uint8_t& sequence, Eof eof, std::uint32_t capabilities);

struct ErrorPacket {
    std::uint16_t number = 0;
    std::string_view sqlstate = "HY000";  // always 5
    std::string_view message;
};
[[nodiscard]] std::optional<ErrorPacket> read_error(std::string_view payload);
// The message is cut at 512 bytes, the longest that servers send.
void append_error(std::string& out, std::uint8_t& sequence, const ErrorPacket& error);

// Whether an OK of a connection with SESSION_TRACK reads the same without: then it can be passed
// on as it is.
[[nodiscard]] bool reads_same_untracked(std::string_view ok_payload);
// Appends such an OK for a client without SESSION_TRACK: what it says of the session's state is
// left out. `packet`: with its header. False, and nothing appended: malformed.
[[nodiscard]] bool append_untracked_ok(std::string& out, std::string_view packet);

// A command of ours: one packet with sequence id 0. Precondition: shorter than 0xffffff.
void append_command(std::string& out, Command command, std::string_view arguments = {});

// Sequence id of a whole packet that was built or has come.
void set_sequence(char* packet, std::uint8_t sequence);

}  // namespace weir::wire::mysql
