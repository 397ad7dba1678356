// The way of a MySQL client's commands to its server connection: where each begins and ends, and
// when it may go.
#include <algorithm>
#include <utility>

#include "proxy/mysql_server.h"
#include "proxy/mysql_session.h"
#include "proxy/pool_loop.h"

namespace weir::proxy {

namespace my = wire::mysql;
using telemetry::ClientClose;
using telemetry::ClientState;
using telemetry::Direction;
using telemetry::Side;

void MysqlSession::received(loop::Slice bytes) {
    tenant_.pool->probe().transferred(Side::client, Direction::in, bytes.size());
    tenant_.pool->tenant_probe().received(bytes.size());
    if (finished_) return;
    take(bytes);
}

void MysqlSession::take(const loop::Slice& fresh) {
    if (pending_.empty() && !fresh.empty()) {
        const std::size_t used = process(fresh.bytes(), &fresh);
        if (finished_) return;
        pending_ = fresh.bytes().substr(used);
    } else {
        pending_ += fresh.bytes();
        const std::size_t used = process(pending_, nullptr);
        if (finished_) return;
        pending_.erase(0, used);
    }
    if (moving_) {
        move();
        return;
    }
    if (blocked() && pending_.size() > loop::Stream::pause_mark) {
        pause_client(backlog_full_);
    } else {
        resume_client(backlog_full_);
    }
    // One that was granted, and then not needed.
    if (server_ != nullptr && !blocked() && !quiet_ && flow_ == Flow::commands) settle();
}

bool MysqlSession::blocked() const {
    return replying_ || settling_ || awaiting_ || (waiting() && !refusal_) || output_full_ ||
           moving_;
}

std::size_t MysqlSession::process(std::string_view buffer, const loop::Slice* slice) {
    std::size_t at = 0;
    while (!finished_ && at < buffer.size()) {
        const std::string_view rest = buffer.substr(at);
        if (flow_ != Flow::commands) {
            if (server_full_) break;
            const loop::Slice part = slice == nullptr ? loop::Slice() : slice->part(at);
            at += pass_stream(rest, slice == nullptr ? nullptr : &part);
            continue;
        }
        if (blocked() || rest.size() < my::packet_header_size) break;
        const std::uint32_t length = packet_length(rest);
        if (length == 0 || rest[3] != 0) {
            farewell(protocol_violation("malformed packet"), ClientClose::protocol_error);
            return at;
        }
        if (rest.size() == my::packet_header_size) break;
        const auto command = static_cast<Command>(rest[my::packet_header_size]);
        const bool whole =
            length <= (command == Command::stmt_prepare ? longest_prepared : whole_limit);
        const std::size_t size = my::packet_header_size + (whole ? length : whole_limit);
        if (rest.size() < size) break;
        const loop::Slice part = slice == nullptr ? loop::Slice() : slice->part(at, size);
        const Verdict verdict =
            handle(rest.substr(0, size), slice == nullptr ? nullptr : &part, whole);
        if (finished_) return at;
        if (verdict == Verdict::later) break;
        turn_.judged = false;
        at += size;
    }
    return at;
}

MysqlSession::Verdict MysqlSession::handle(std::string_view packet, const loop::Slice* slice,
                                           bool whole) {
    if (!turn_.judged) {
        turn_ = Turn();
        turn_.command = static_cast<Command>(packet[my::packet_header_size]);
    }
    traced_text_ = {};
    if (!refusal_) {
        const Verdict verdict = sends_attributes_ ? handle_attributed(packet, slice, whole)
                                                  : handle_command(packet, slice, whole);
        if (!refusal_ || finished_ || verdict == Verdict::done) {
            if (!whole && verdict == Verdict::done && !finished_) begin_stream(packet);
            return verdict;
        }
    }
    Answer why = *std::exchange(refusal_, std::nullopt);
    retried_ = false;
    if (turn_.command == Command::stmt_send_long_data) {
        long_data_refusal_ = std::move(why);  // there is no reply to say it in
    } else if (whole) {
        say_error(why);
    } else {
        dropped_ = std::move(why);
    }
    if (!whole) begin_stream(packet);
    return Verdict::done;
}

// The rest of a long command goes the way of its beginning.
void MysqlSession::begin_stream(std::string_view packet) {
    flow_ = replying_ || streams_ ? Flow::long_command : Flow::dropped_command;
    streams_ = false;
    scanner_ = my::PacketScanner();
    my::Piece piece;
    while (scanner_.next(packet, piece) == my::PacketScanner::Status::piece) {
    }
}

// What belongs to a command or file that has begun.
std::size_t MysqlSession::pass_stream(std::string_view bytes, const loop::Slice* slice) {
    std::string_view rest = bytes;
    my::Piece piece;
    const my::PacketScanner::Status status = scanner_.next(rest, piece);
    if (status == my::PacketScanner::Status::need_more) return bytes.size();
    if (status != my::PacketScanner::Status::piece) {
        farewell(protocol_violation("packets out of order"), ClientClose::protocol_error);
        return bytes.size();
    }
    const std::size_t used = bytes.size() - rest.size();
    if (flow_ != Flow::dropped_command) {
        if (!piece.carried.empty()) server().send(piece.carried);
        if (slice != nullptr) {
            server().send(slice->part(0, used));
        } else {
            server().send(bytes.substr(0, used));
        }
        if (server().unsent() > loop::Stream::pause_mark) pause_client(server_full_);
    }
    if (scans_long_) scan_.feed(piece.payload);
    if (piece.last) stream_message_ended(piece);
    return used;
}

void MysqlSession::stream_message_ended(const my::Piece& piece) {
    turn_.sequence = piece.sequence;
    if (flow_ == Flow::file) {
        const bool ends = piece.first && piece.length == 0;
        if (!ends) return;
        flow_ = Flow::commands;
        server().file_sent(piece.sequence);
        return;
    }
    const Flow was = std::exchange(flow_, Flow::commands);
    if (std::exchange(scans_long_, false)) {
        scan_.finish();
        turn_.traits |= scan_.traits();
        turn_.statements = scan_.statements();
    }
    if (was == Flow::dropped_command) {
        if (dropped_) say_error(*std::exchange(dropped_, std::nullopt));
        return;
    }
    note_effects();
    server().asked(turn_.command, piece.sequence, turn_.cursor);
}

void MysqlSession::file_wanted(std::uint8_t sequence) {
    flow_ = Flow::file;
    scanner_ = my::PacketScanner();
    scanner_.expect(static_cast<std::uint8_t>(sequence + 1U));
    go_on();
}

// Before the command asks for a connection. `together`: it is executed as it is sent; else what
// its text says of a trace was said for its preparation. An attribute is of the command itself.
void MysqlSession::trace_statement(std::string_view text, bool together) {
    if (trace_ == nullptr) return;
    trace_->asked(home_.now());
    traced_text_ = text;
    if (attributed_trace_) trace_->said({*attributed_trace_, {}});
    if (!wire::may_trace(text)) return;
    const auto whose = wire::find_trace(text);
    if (whose && together && !attributed_trace_) trace_->said(*whose);
    if (whose && !together) trace_->mentioned(whose->parent);
}

void MysqlSession::begin_work() {
    const base::Instant now = home_.now();
    query_started_ = now;
    if (!in_transaction_) {
        in_transaction_ = true;
        transaction_started_ = now;
    }
    if (std::exchange(quiet_, false)) tenant_.pool->busy(*server_, now);
    if (trace_ != nullptr) {
        trace_->query_began(now);
        if (!traced_text_.empty()) trace_->query_text(std::exchange(traced_text_, {}));
    }
    enter(ClientState::active);
}

// `packet`: as it goes out, in `slice` where that is given; the whole command, or the head of a
// long one. `asked`: as the client sent it: it may have to start anew, where other ids hold.
void MysqlSession::forward_for(std::string_view asked, std::string_view packet,
                               const loop::Slice* slice, bool whole) {
    begin_work();
    server().begin_request(asked, whole);
    if (whole) {
        note_effects();
        server().asked(turn_.command, 0, turn_.cursor);
    }
    if (slice != nullptr) {
        server().send(*slice);
    } else {
        server().send(packet);
    }
    replying_ = true;
    answered_ = false;
}

void MysqlSession::go_on() {
    awaiting_ = false;
    awaited_.reset();
    home_.loop().defer(*this);
}

void MysqlSession::run() {
    if (finished_ || (waiting() && !refusal_)) return;
    take({});
    if (finished_ || server_ != nullptr || waiting() || moving_) return;
    if (draining_) {
        dismiss(ClientClose::drain);
    } else {
        enter(ClientState::idle);
    }
}

}  // namespace weir::proxy
