#include "wire/mysql/packet_scanner.h"

#include <algorithm>

namespace weir::wire::mysql {

std::string_view PacketScanner::take_run(std::string_view& chunk, std::uint64_t most,
                                         std::uint64_t& count) {
    const std::string_view whole = chunk;
    if (!between_messages() || any_) return {};
    for (; most > 0 && chunk.size() > packet_header_size; --most) {
        const std::uint32_t length = length_at(chunk.data());
        if (length == 0 || length >= longest_packet || length > maximum_ ||
            length + packet_header_size > chunk.size() ||
            static_cast<std::uint8_t>(chunk[3]) != expected_ ||
            static_cast<std::uint8_t>(chunk[packet_header_size]) >= eof_lead) {
            break;
        }
        ++expected_;
        ++count;
        chunk.remove_prefix(length + packet_header_size);
    }
    return whole.substr(0, whole.size() - chunk.size());
}

std::string_view PacketScanner::unfinished_header() const {
    return {header_.data(), state_ == State::header ? header_have_ : std::size_t{0}};
}

// Whatever is not a message whole in its chunk.
PacketScanner::Status PacketScanner::next_split(std::string_view& chunk, Piece& piece) {
    if (broken_ != Status::piece) return broken_;
    if (chunk.empty()) return Status::need_more;
    if (state_ != State::payload) return more_header(chunk, piece);

    const std::size_t take = std::min<std::size_t>(left_, chunk.size());
    piece.first = false;
    piece.carried = {};
    piece.bytes = piece.payload = chunk.substr(0, take);
    chunk.remove_prefix(take);
    pass_payload(take, piece);
    return Status::piece;
}

PacketScanner::Status PacketScanner::more_header(std::string_view& chunk, Piece& piece) {
    if (state_ == State::between) {
        header_have_ = 0;
        continues_ = false;
        message_ = 0;
        state_ = State::header;
    }
    const std::size_t carried = header_have_;
    const std::size_t take = std::min(packet_header_size - carried, chunk.size());
    std::copy_n(chunk.begin(), take, header_.begin() + carried);
    header_have_ = static_cast<std::uint8_t>(carried + take);
    if (header_have_ < packet_header_size) {
        chunk.remove_prefix(take);
        return Status::need_more;
    }
    if (take > 0) {
        broken_ = judge_header();
        if (broken_ != Status::piece) return broken_;
    }
    if (!continues_ && packet_ > 0) {
        if (chunk.size() == take) {
            chunk.remove_prefix(take);
            return Status::need_more;
        }
        lead_ = static_cast<std::uint8_t>(chunk[take]);
    }

    const std::size_t body = std::min<std::size_t>(packet_, chunk.size() - take);
    piece.first = !continues_;
    piece.carried = std::string_view(header_.data(), carried);
    piece.bytes = chunk.substr(0, take + body);
    piece.payload = piece.bytes.substr(take);
    chunk.remove_prefix(take + body);
    pass_payload(body, piece);
    return Status::piece;
}

PacketScanner::Status PacketScanner::judge_header() {
    packet_ = left_ = length_at(header_.data());
    sequence_ = static_cast<std::uint8_t>(header_[3]);
    if (!any_ && sequence_ != expected_) return Status::out_of_step;
    message_ += packet_;
    if (message_ > maximum_) return Status::too_long;
    any_ = false;
    expected_ = static_cast<std::uint8_t>(sequence_ + 1U);
    if (!continues_) {
        length_ = packet_;
        lead_ = 0;
    }
    return Status::piece;
}

// A packet as long as can be is continued by another one, which may be empty.
void PacketScanner::pass_payload(std::size_t size, Piece& piece) {
    left_ -= static_cast<std::uint32_t>(size);
    state_ = State::payload;
    if (left_ == 0) {
        continues_ = packet_ == longest_packet;
        state_ = continues_ ? State::header : State::between;
        header_have_ = 0;
    }
    piece.sequence = sequence_;
    piece.lead = lead_;
    piece.length = length_;
    piece.last = state_ == State::between;
}

}  // namespace weir::wire::mysql
