// Query attributes of a MySQL client that has negotiated them. They are said to Weir and end here:
// servers were never asked whether they know them, so that a command goes on as one without. Of a
// long one only the head is here, which says of how many bytes less the packet is:
// - the attributes of a COM_QUERY must lie in the head. One that goes on in a second packet has to
//   fill its first: there spaces take the attributes' place, which servers skip (a comment at its
//   start is not looked for then);
// - of a COM_STMT_EXECUTE the attributes' values stay behind those of the statement's parameters,
//   where servers read no further (tried on MariaDB 10.11). One that goes on in a second packet is
//   refused with 1153.
// Source: MySQL documentation, "COM_QUERY", "COM_STMT_EXECUTE", "Query Attributes".
#include <utility>

#include "proxy/mysql_session.h"
#include "wire/mysql/encoding.h"
#include "wire/mysql/query_attributes.h"

namespace weir::proxy {

namespace my = wire::mysql;
using telemetry::ClientClose;

namespace {

void put_length(std::string& packet, std::size_t length) {
    for (unsigned i = 0; i < 3; ++i) packet[i] = static_cast<char>(length >> (8U * i) & 0xffU);
}

}  // namespace

MysqlSession::Verdict MysqlSession::handle_attributed(std::string_view packet,
                                                      const loop::Slice* slice, bool whole) {
    if (!retried_) attributed_trace_.reset();
    const bool plain =
        retried_ || (turn_.command != Command::query && turn_.command != Command::stmt_execute);
    const Verdict verdict = plain                             ? handle_command(packet, slice, whole)
                            : turn_.command == Command::query ? query_attributed(packet, whole)
                                                              : execute_attributed(packet, whole);
    if (verdict == Verdict::done) retried_ = false;
    return verdict;
}

MysqlSession::Verdict MysqlSession::query_attributed(std::string_view packet, bool whole) {
    const std::string_view payload = packet.substr(my::packet_header_size);
    const auto attributes = my::read_query_attributes(payload);
    if (!attributes) {
        if (whole) {
            farewell(protocol_violation("malformed packet: " + attributes.error().message),
                     ClientClose::protocol_error);
        } else {
            dropped_ =
                Answer{"54000", "the query's attributes are malformed, or longer than 64 KiB", {}};
        }
        return Verdict::done;
    }
    note_trace(attributes->traceparent);
    const std::uint32_t length = packet_length(packet);
    plain_.assign(packet.substr(0, my::packet_header_size + 1));
    if (length == my::longest_packet) plain_.append(attributes->text_at - 1, ' ');
    plain_.append(payload.substr(attributes->text_at));
    put_length(plain_, length - (packet.size() - plain_.size()));
    return handle_command(plain_, nullptr, whole);
}

MysqlSession::Verdict MysqlSession::execute_attributed(std::string_view packet, bool whole) {
    const Prepared* const prepared = find_prepared(packet);
    if (prepared == nullptr) return Verdict::done;
    // It is refused for what came before it, whatever is in it.
    if (prepare_failed() || long_data_refusal_) return handle_command(packet, nullptr, whole);
    const std::uint32_t length = packet_length(packet);
    if (length == my::longest_packet) {
        dropped_ =
            Answer{"54000", "parameters of 16 MiB can't be sent by a client with query attributes",
                   "COM_STMT_SEND_LONG_DATA takes longer ones."};
        return Verdict::done;
    }
    const std::string_view long_data =
        has_data(turn_.statement) ? std::string_view(prepared->long_data) : std::string_view();
    plain_.assign(packet.substr(0, my::packet_header_size));
    const auto traceparent = my::append_plain_execute(plain_, packet.substr(my::packet_header_size),
                                                      prepared->parameters, long_data, whole);
    if (!traceparent) {
        say_error(1210, "HY000", traceparent.error().message);
        return Verdict::done;
    }
    note_trace(*traceparent);
    put_length(plain_, length - (packet.size() - plain_.size()));
    return handle_command(plain_, nullptr, whole);
}

void MysqlSession::note_trace(std::string_view traceparent) {
    if (!traceparent.empty()) attributed_trace_ = wire::read_traceparent(traceparent);
}

// Its value will not stand in the execute.
void MysqlSession::note_long_data(Prepared& prepared, std::string_view packet) const {
    if (!has_data(turn_.statement)) prepared.long_data.clear();
    my::PayloadReader reader(packet.substr(my::packet_header_size + 5));
    std::uint16_t parameter = 0;
    if (!reader.take(parameter) || parameter >= prepared.parameters) return;
    const std::size_t at = parameter / 8U;
    if (prepared.long_data.size() <= at) prepared.long_data.resize(at + 1);
    const unsigned bits = static_cast<unsigned char>(prepared.long_data[at]) | 1U << parameter % 8U;
    prepared.long_data[at] = static_cast<char>(bits);
}

}  // namespace weir::proxy
