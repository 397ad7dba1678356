#include "collectors/otlp/protobuf_writer.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace weir::collectors::otlp {
namespace {

enum class WireType : std::uint8_t { varint = 0, eight_bytes = 1, sized = 2, four_bytes = 5 };

constexpr std::size_t longest_varint = 10;
constexpr std::size_t longest_head = 2 * longest_varint;  // a tag, and a varint or 8 bytes
// A message's length stands before it and is known only after: room is left for it, by depth, as
// much as nearly all need. Two messages hold all spans, then comes a span, and the rest is small.
constexpr std::size_t length_room(std::size_t depth) { return depth < 2 ? 5 : depth == 2 ? 2 : 1; }

// Each gives where it has ended.
char* put_varint(char* to, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) *to++ = static_cast<char>(value | 0x80);
    *to++ = static_cast<char>(value);
    return to;
}

// A varint may be longer than it need be: so what is behind it stays where it is.
void put_padded_varint(char* to, std::size_t size, std::uint64_t value) {
    for (; size > 1; --size, value >>= 7) *to++ = static_cast<char>(value | 0x80);
    *to = static_cast<char>(value);
}

char* put_tag(char* to, Field field, WireType type) {
    return put_varint(to, std::uint64_t{field.number} << 3 | static_cast<std::uint8_t>(type));
}

template <class Number>
char* put_little_endian(char* to, Number value) {
    static_assert(std::endian::native == std::endian::little);
    std::memcpy(to, &value, sizeof value);
    return to + sizeof value;
}

}  // namespace

void ProtobufWriter::append(std::string_view bytes) {
    char* const to = room(bytes.size());
    std::copy(bytes.begin(), bytes.end(), to);
    done(to + bytes.size());
}

void ProtobufWriter::varint(Field field, std::uint64_t value) {
    done(put_varint(put_tag(room(longest_head), field, WireType::varint), value));
}

void ProtobufWriter::begin_message(Field field) {
    char* const place = put_tag(room(longest_head), field, WireType::sized);
    const std::size_t size = length_room(open_.size());
    done(place + size);
    open_.push_back(used_ - size);
}

void ProtobufWriter::end_message() {
    const std::size_t place = open_.back();
    open_.pop_back();
    const std::size_t left = length_room(open_.size());
    const std::size_t length = used_ - place - left;
    if (length >> (7 * left) == 0) {
        put_padded_varint(bytes_.data() + place, left, length);
        return;
    }
    (void)room(longest_varint);
    char encoded[longest_varint];
    const auto size = static_cast<std::size_t>(put_varint(encoded, length) - encoded);
    char* const at = bytes_.data() + place;
    std::memmove(at + size, at + left, length);
    std::copy_n(encoded, size, at);
    used_ += size - left;
}

void ProtobufWriter::text(Field field, std::string_view utf8) {
    char* to = put_tag(room(longest_head + utf8.size()), field, WireType::sized);
    to = put_varint(to, utf8.size());
    done(std::copy(utf8.begin(), utf8.end(), to));
}

void ProtobufWriter::id(Field field, std::string_view bytes) { text(field, bytes); }

void ProtobufWriter::number(Field field, std::uint32_t value) { varint(field, value); }

void ProtobufWriter::flags(Field field, std::uint32_t value) {
    char* const to = put_tag(room(longest_head), field, WireType::four_bytes);
    done(put_little_endian(to, value));
}

void ProtobufWriter::instant(Field field, std::uint64_t value) {
    char* const to = put_tag(room(longest_head), field, WireType::eight_bytes);
    done(put_little_endian(to, value));
}

void ProtobufWriter::whole(Field field, std::int64_t value) {
    varint(field, static_cast<std::uint64_t>(value));
}

void ProtobufWriter::real(Field field, double value) {
    instant(field, std::bit_cast<std::uint64_t>(value));
}

void ProtobufWriter::boolean(Field field, bool value) { varint(field, value ? 1 : 0); }

bool ProtobufWriter::repeat(const void* what) {
    const auto found = kept_.find(what);
    if (found == kept_.end()) return false;
    append(found->second);
    return true;
}

void ProtobufWriter::keep(const void* what, std::size_t begin) {
    kept_[what] = bytes_.substr(begin, used_ - begin);
}

std::string_view ProtobufWriter::take() {
    kept_.clear();
    return {bytes_.data(), std::exchange(used_, 0)};
}

}  // namespace weir::collectors::otlp
