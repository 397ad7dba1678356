#include "wire/mysql/packets.h"

#include <cassert>

#include "wire/mysql/encoding.h"

namespace weir::wire::mysql {

namespace {

constexpr std::size_t longest_message = 512;  // MYSQL_ERRMSG_SIZE

// Lead, counts, status and warnings: what every OK has.
bool take_fixed(PayloadReader& reader, Ok& ok) {
    std::uint8_t lead = 0;
    return reader.take(lead) && (lead == ok_lead || lead == eof_lead) &&
           reader.take_length_encoded(ok.affected_rows) &&
           reader.take_length_encoded(ok.last_insert_id) && reader.take(ok.status) &&
           reader.take(ok.warnings);
}

// The length of a packet begun at `begin` is known now.
void close_packet(std::string& out, std::size_t begin) {
    const std::size_t size = out.size() - begin - packet_header_size;
    assert(size < longest_packet);
    for (unsigned i = 0; i < 3; ++i) out[begin + i] = static_cast<char>(size >> (8U * i) & 0xffU);
}

std::size_t open_packet(std::string& out, std::uint8_t sequence) {
    const std::size_t begin = out.size();
    put_u24(out, 0);
    put_u8(out, sequence);
    return begin;
}

}  // namespace

std::optional<Ok> read_ok(std::string_view payload, std::uint32_t capabilities) {
    PayloadReader reader(payload);
    Ok ok;
    if (!take_fixed(reader, ok)) return std::nullopt;
    if (reader.empty()) return ok;
    if (!reader.take_length_encoded(ok.info)) return std::nullopt;
    if ((capabilities & capability::session_track) != 0 &&
        (ok.status & status::session_state_changed) != 0 &&
        !reader.take_length_encoded(ok.session_state)) {
        return std::nullopt;
    }
    return ok;
}

void append_ok(std::string& out, std::uint8_t& sequence, const Ok& ok, std::uint32_t capabilities,
               std::uint8_t lead) {
    const bool tracks = (capabilities & capability::session_track) != 0;
    const bool changed = tracks && !ok.session_state.empty();
    std::uint16_t flags = ok.status & static_cast<std::uint16_t>(~status::session_state_changed);
    if (changed) flags |= status::session_state_changed;
    const std::size_t begin = open_packet(out, sequence++);
    put_u8(out, lead);
    put_length_encoded(out, ok.affected_rows);
    put_length_encoded(out, ok.last_insert_id);
    put_u16(out, flags);
    put_u16(out, ok.warnings);
    // Servers write its length without SESSION_TRACK, too, whatever the documentation says.
    if (changed || !ok.info.empty()) put_length_encoded(out, ok.info);
    if (changed) put_length_encoded(out, ok.session_state);
    close_packet(out, begin);
}

std::optional<Eof> read_eof(std::string_view payload) {
    PayloadReader reader(payload);
    std::uint8_t lead = 0;
    Eof eof;
    if (!reader.take(lead) || lead != eof_lead || !reader.take(eof.warnings) ||
        !reader.take(eof.status) || !reader.empty()) {
        return std::nullopt;
    }
    return eof;
}

void append_eof(std::string& out, std::uint8_t& sequence, Eof eof) {
    const std::size_t begin = open_packet(out, sequence++);
    put_u8(out, eof_lead);
    put_u16(out, eof.warnings);
    put_u16(out, eof.status);
    close_packet(out, begin);
}

void append_end(std::string& out, std::uint8_t& sequence, Eof eof, std::uint32_t capabilities) {
    if ((capabilities & capability::deprecate_eof) == 0) return append_eof(out, sequence, eof);
    Ok ok;
    ok.status = eof.status;
    ok.warnings = eof.warnings;
    append_ok(out, sequence, ok, capabilities, eof_lead);
}

std::optional<ErrorPacket> read_error(std::string_view payload) {
    PayloadReader reader(payload);
    std::uint8_t lead = 0;
    ErrorPacket error;
    if (!reader.take(lead) || lead != error_lead || !reader.take(error.number)) return std::nullopt;
    // Before the handshake is over, "too many connections" comes without one.
    if (reader.rest().starts_with('#')) {
        std::string_view marked;
        if (!reader.take_bytes(6, marked)) return std::nullopt;
        error.sqlstate = marked.substr(1);
    }
    error.message = reader.rest();
    return error;
}

void append_error(std::string& out, std::uint8_t& sequence, const ErrorPacket& error) {
    assert(error.sqlstate.size() == 5);
    const std::size_t begin = open_packet(out, sequence++);
    put_u8(out, error_lead);
    put_u16(out, error.number);
    out.push_back('#');
    out.append(error.sqlstate);
    out.append(error.message.substr(0, longest_message));
    close_packet(out, begin);
}

bool reads_same_untracked(std::string_view ok_payload) {
    PayloadReader reader(ok_payload);
    Ok ok;
    return take_fixed(reader, ok) && (ok.status & status::session_state_changed) == 0;
}

bool append_untracked_ok(std::string& out, std::string_view packet) {
    if (packet.size() <= packet_header_size) return false;
    const std::string_view payload = packet.substr(packet_header_size);
    const std::optional<Ok> ok = read_ok(payload, capability::session_track);
    if (!ok) return false;
    auto sequence = static_cast<std::uint8_t>(packet[3]);
    append_ok(out, sequence, *ok, 0, static_cast<std::uint8_t>(payload.front()));
    return true;
}

void append_command(std::string& out, Command command, std::string_view arguments) {
    const std::size_t begin = open_packet(out, 0);
    put_u8(out, static_cast<std::uint8_t>(command));
    out.append(arguments);
    close_packet(out, begin);
}

void set_sequence(char* packet, std::uint8_t sequence) { packet[3] = static_cast<char>(sequence); }

}  // namespace weir::wire::mysql
