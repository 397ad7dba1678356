#include "wire/postgresql/scanner.h"

#include <algorithm>

namespace weir::wire::postgresql {

// Whatever is not a message whole in its chunk.
Scanner::Status Scanner::next_split(std::string_view& chunk, Piece& piece) {
    if (header_have_ == broken) return Status::invalid;
    if (chunk.empty()) return Status::need_more;
    if (body_left_ == 0) return more_header(chunk, piece);

    const std::size_t take = std::min<std::size_t>(body_left_, chunk.size());
    body_left_ -= static_cast<std::uint32_t>(take);
    piece.type = type_;
    piece.length = length_;
    piece.first = false;
    piece.last = body_left_ == 0;
    piece.carried = {};
    piece.bytes = piece.body = chunk.substr(0, take);
    chunk.remove_prefix(take);
    return Status::piece;
}

Scanner::Status Scanner::more_header(std::string_view& chunk, Piece& piece) {
    const std::size_t carried = header_have_;
    const std::size_t take = std::min(header_size - carried, chunk.size());
    std::copy_n(chunk.begin(), take, header_.begin() + carried);
    if (carried + take < header_size) {
        header_have_ = static_cast<std::uint8_t>(carried + take);
        chunk.remove_prefix(take);
        return Status::need_more;
    }

    const std::uint32_t announced = length_at(header_.data() + 1);
    if (announced < 4 || announced > maximum_) {
        header_have_ = broken;
        return Status::invalid;
    }
    header_have_ = 0;
    type_ = header_[0];
    length_ = announced + 1;
    const std::size_t body = std::min<std::size_t>(announced - 4, chunk.size() - take);
    body_left_ = announced - 4 - static_cast<std::uint32_t>(body);

    piece.type = type_;
    piece.length = length_;
    piece.first = true;
    piece.last = body_left_ == 0;
    piece.carried = std::string_view(header_.data(), carried);
    piece.bytes = chunk.substr(0, take + body);
    piece.body = piece.bytes.substr(take);
    chunk.remove_prefix(take + body);
    return Status::piece;
}

}  // namespace weir::wire::postgresql
