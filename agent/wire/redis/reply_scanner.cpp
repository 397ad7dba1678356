#include "wire/redis/reply_scanner.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

namespace weir::wire::redis {
namespace {

constexpr std::uint64_t endless = std::numeric_limits<std::uint64_t>::max();
constexpr std::int64_t longest_bulk = std::int64_t{1} << 40U;
constexpr std::int64_t longest_aggregate = std::int64_t{1} << 32U;
constexpr std::size_t line_end = 2;

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

ReplyScanner::Status ReplyScanner::next(std::string_view& chunk, ReplyPiece& piece) {
    if (broken_) return Status::invalid;
    if (chunk.empty()) return Status::need_more;
    piece.first = !inside_;
    if (!inside_) {
        inside_ = true;
        type_ = chunk.front();
        integer_.reset();
        open_.assign(1, 1);
    }
    std::size_t at = 0;
    while (at < chunk.size() && !ended()) {
        if (step_ == Step::skip) {
            const std::size_t step = std::min<std::uint64_t>(skip_, chunk.size() - at);
            at += step;
            skip_ -= step;
            if (skip_ > 0) break;
            step_ = streams_ ? Step::chunk_header : Step::header;
            if (!streams_) value_ended();
            continue;
        }
        const std::string_view rest = chunk.substr(at);
        const auto* const end =
            static_cast<const char*>(std::memchr(rest.data(), '\n', rest.size()));
        const std::size_t size =
            end == nullptr ? rest.size() : static_cast<std::size_t>(end - rest.data()) + 1;
        if (header_size_ < longest_header) {
            std::memcpy(header_.data() + header_size_, rest.data(),
                        std::min(size, longest_header - header_size_));
        }
        header_size_ += size;
        at += size;
        if (end == nullptr) break;
        if (!(step_ == Step::header ? read_header() : read_chunk_header())) {
            broken_ = true;
            return Status::invalid;
        }
        header_size_ = 0;
    }
    piece.type = type_;
    piece.bytes = chunk.substr(0, at);
    piece.last = ended();
    piece.integer = piece.last ? integer_ : std::nullopt;
    if (piece.last) inside_ = false;
    chunk.remove_prefix(at);
    return Status::piece;
}

// One value less is due, and with the last one of an aggregate the aggregate itself.
void ReplyScanner::value_ended() {
    while (!open_.empty()) {
        if (open_.back() == endless || --open_.back() > 0) return;
        open_.pop_back();
    }
}

bool ReplyScanner::aggregate(std::uint64_t values) {
    if (values == 0) {
        value_ended();
        return true;
    }
    if (open_.size() == deepest) return false;
    open_.push_back(values);
    return true;
}

bool ReplyScanner::read_header() {
    if (header_size_ < 1 + line_end) return false;
    const std::size_t kept = std::min(header_size_, longest_header);
    const std::string_view body(header_.data() + 1,
                                std::min(kept - 1, header_size_ - 1 - line_end));
    const bool streamed = body == "?";
    integer_.reset();
    switch (header_.front()) {
        case '+':
        case '-':
        case '_':
        case '#':
        case ',':
        case '(':
            value_ended();
            return true;
        case ':':
            integer_ = number(body);
            value_ended();
            return integer_.has_value();
        case '.':
            if (open_.back() != endless) return false;
            open_.pop_back();
            value_ended();
            return true;
        case '$':
        case '!':
        case '=': {
            streams_ = streamed && header_.front() == '$';
            if (streams_) {
                step_ = Step::chunk_header;
                return true;
            }
            const auto size = number(body);
            if (!size || *size < -1 || *size > longest_bulk) return false;
            if (*size == -1) {
                value_ended();
                return true;
            }
            skip_ = static_cast<std::uint64_t>(*size) + line_end;
            step_ = Step::skip;
            return true;
        }
        case '*':
        case '~':
        case '>':
        case '%':
        case '|': {
            const bool pairs = header_.front() == '%' || header_.front() == '|';
            if (streamed) return header_.front() != '|' && aggregate(endless);
            const auto count = number(body);
            if (!count || *count < -1 || *count > longest_aggregate) return false;
            const auto values = static_cast<std::uint64_t>(std::max<std::int64_t>(*count, 0));
            // An attribute stands before the value that it is about and is none itself.
            if (header_.front() == '|') return values == 0 || aggregate(2 * values + 1);
            return aggregate(pairs ? 2 * values : values);
        }
        default:
            return false;
    }
}

// Of a streamed string: ";4", its bytes, and so on until ";0".
bool ReplyScanner::read_chunk_header() {
    if (header_size_ < 1 + line_end || header_size_ > longest_header || header_.front() != ';') {
        return false;
    }
    const auto size = number({header_.data() + 1, header_size_ - 1 - line_end});
    if (!size || *size < 0 || *size > longest_bulk) return false;
    if (*size == 0) {
        streams_ = false;
        step_ = Step::header;
        value_ended();
        return true;
    }
    skip_ = static_cast<std::uint64_t>(*size) + line_end;
    step_ = Step::skip;
    return true;
}

}  // namespace weir::wire::redis
