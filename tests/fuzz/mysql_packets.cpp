// Packets of a client: however a stream is cut, the same messages are found in it and no byte is
// lost; what is read of a payload lies in it, and what is built of it is read as the same again.
// The first byte of the input says how the rest is cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/mysql/encoding.h"
#include "wire/mysql/handshake.h"
#include "wire/mysql/packet_scanner.h"
#include "wire/mysql/packets.h"
#include "wire/mysql/prepared.h"
#include "wire/mysql/session_state.h"

using namespace weir::wire::mysql;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void require_inside(std::string_view part, std::string_view whole) {
    if (part.empty()) return;
    require(part.data() >= whole.data() &&
            part.data() + part.size() <= whole.data() + whole.size());
}

std::string messages(std::string_view stream, std::size_t size) {
    PacketScanner scanner(4096);
    std::string seen, bytes;
    std::size_t payload = 0;
    Piece piece;
    for (std::size_t at = 0; at < stream.size(); at += size) {
        std::string_view chunk = stream.substr(at, size);
        for (;;) {
            const PacketScanner::Status status = scanner.next(chunk, piece);
            if (status == PacketScanner::Status::need_more) break;
            if (status != PacketScanner::Status::piece) {
                return seen + std::to_string(static_cast<int>(status));
            }
            bytes.append(piece.carried).append(piece.bytes);
            payload = piece.first ? piece.payload.size() : payload + piece.payload.size();
            require(piece.last == scanner.between_messages());
            if (!piece.last) continue;
            require(payload == piece.length);
            seen += std::to_string(piece.lead) + " " + std::to_string(bytes.size()) + "\n";
        }
        require(chunk.empty());
        require(stream.substr(0, bytes.size()) == bytes);
        require(bytes.size() + scanner.unfinished_header().size() ==
                std::min(stream.size(), at + size));
    }
    return seen;
}

void any_handshake(std::string_view payload, std::uint32_t offered) {
    for (const bool change : {false, true}) {
        const auto read =
            change ? read_change_user(payload, offered) : read_handshake_response(payload, offered);
        if (!read) {
            require(!read.error().message.empty());
            continue;
        }
        for (const std::string_view part :
             {read->user, read->auth_response, read->database, read->plugin, read->attributes}) {
            require_inside(part, payload);
        }
        require(read->user.size() <= longest_user && read->database.size() <= longest_database &&
                read->plugin.size() <= longest_plugin);
        require_inside(find_attribute(read->attributes, "program_name"), payload);
    }
    (void)is_tls_request(payload);
}

void any_execute(std::string_view payload, std::uint16_t parameters) {
    const auto request = read_execute(payload, parameters);
    if (!request) return;
    require(request->null_bitmap.size() == (parameters + 7U) / 8U);
    const std::string remembered(2U * parameters, '\x03');
    std::string out;
    append_execute(out, *request, 0x01020304, remembered, parameters);
    const auto again = read_execute(std::string_view(out).substr(packet_header_size), parameters);
    require(again && again->statement == 0x01020304 && again->cursor == request->cursor);
    require(again->null_bitmap == request->null_bitmap && again->values == request->values);
    require(again->types_bound == (parameters > 0));
    if (parameters > 0) {
        require(again->types == (request->types_bound ? request->types : remembered));
    }
    // The same statement with the types it came with is the same packet.
    out.clear();
    append_execute(out, *request, request->statement, "", parameters);
    require(std::string_view(out).substr(packet_header_size) == payload);
}

void any_answer(std::string_view payload) {
    for (const std::uint32_t capabilities : {std::uint32_t{0}, capability::session_track}) {
        const auto ok = read_ok(payload, capabilities);
        if (!ok) continue;
        std::string out;
        std::uint8_t sequence = 3;
        const auto lead = static_cast<std::uint8_t>(payload.front());
        append_ok(out, sequence, *ok, capabilities, lead);
        const auto again = read_ok(std::string_view(out).substr(packet_header_size), capabilities);
        require(again && again->affected_rows == ok->affected_rows &&
                again->last_insert_id == ok->last_insert_id && again->info == ok->info &&
                again->warnings == ok->warnings && again->session_state == ok->session_state);
        StateChanges changes(ok->session_state);
        for (StateChange change; changes.next(change);) {
            require_inside(change.name, payload);
            require_inside(change.value, payload);
        }
    }
    std::string packet, plain;
    std::uint8_t sequence = 1;
    append_packets(packet, sequence, payload);
    const auto tracked = read_ok(payload, capability::session_track);
    require(append_untracked_ok(plain, packet) == tracked.has_value());
    if (tracked) {
        const auto untracked = read_ok(std::string_view(plain).substr(packet_header_size), 0);
        require(untracked && untracked->info == tracked->info);
        require((untracked->status & status::session_state_changed) == 0);
        if (reads_same_untracked(payload)) require(untracked->status == tracked->status);
    }
    if (const auto error = read_error(payload)) require(error->sqlstate.size() == 5);
    (void)read_eof(payload);
    (void)read_prepared_ok(payload);
    (void)read_fetch(payload);
    (void)read_long_data(payload);
    (void)statement_of(payload);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 5) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::string whole = messages(rest, rest.size());
    require(messages(rest, 1) == whole);
    require(messages(rest, data[0] + 1U) == whole);
    any_handshake(rest, 0xffffffff);
    std::string response;  // its fixed part well-formed, so that the rest is read
    put_u32(response, data[1] * 0x01010101U | capability::protocol_41);
    response.append(28, '\0').append(rest.substr(1));
    any_handshake(response, 0xffffffff);
    any_handshake("\x11" + std::string(rest.substr(1)), data[1] * 0x01010101U);
    any_execute(rest, data[0]);
    any_answer(rest);
    return 0;
}
