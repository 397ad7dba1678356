#include "wire/mysql/encoding.h"

#include <algorithm>

#include "wire/mysql/protocol.h"

namespace weir::wire::mysql {

namespace {

constexpr std::uint8_t null_mark = 0xfb;
constexpr std::uint8_t two_bytes = 0xfc, three_bytes = 0xfd, eight_bytes = 0xfe;

std::uint64_t little_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i > 0; --i) {
        value = value << 8U | static_cast<unsigned char>(bytes[i - 1]);
    }
    return value;
}

template <class T>
bool take_integer(std::string_view& rest, T& value) {
    if (rest.size() < sizeof(T)) return false;
    value = static_cast<T>(little_endian(rest.substr(0, sizeof(T))));
    rest.remove_prefix(sizeof(T));
    return true;
}

void put(std::string& out, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        out.push_back(static_cast<char>(value >> (8U * i) & 0xffU));
    }
}

}  // namespace

bool PayloadReader::take(std::uint8_t& value) { return take_integer(rest_, value); }
bool PayloadReader::take(std::uint16_t& value) { return take_integer(rest_, value); }
bool PayloadReader::take(std::uint32_t& value) { return take_integer(rest_, value); }

bool PayloadReader::take_length_encoded(std::uint64_t& value) {
    if (rest_.empty()) return false;
    const auto lead = static_cast<std::uint8_t>(rest_.front());
    if (lead == null_mark || lead == 0xff) return false;
    const std::size_t size = lead == two_bytes     ? 2
                             : lead == three_bytes ? 3
                             : lead == eight_bytes ? 8
                                                   : 0;
    if (rest_.size() <= size) return false;
    value = size == 0 ? lead : little_endian(rest_.substr(1, size));
    rest_.remove_prefix(size + 1);
    return true;
}

bool PayloadReader::take_bytes(std::size_t size, std::string_view& bytes) {
    if (rest_.size() < size) return false;
    bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
}

bool PayloadReader::take_length_encoded(std::string_view& text) {
    const std::string_view before = rest_;
    std::uint64_t size = 0;
    if (take_length_encoded(size) && size <= rest_.size()) return take_bytes(size, text);
    rest_ = before;
    return false;
}

bool PayloadReader::take_c_string(std::string_view& text) {
    const std::size_t end = rest_.find('\0');
    if (end == std::string_view::npos) return false;
    text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return true;
}

void put_u8(std::string& out, std::uint8_t value) { put(out, value, 1); }
void put_u16(std::string& out, std::uint16_t value) { put(out, value, 2); }
void put_u24(std::string& out, std::uint32_t value) { put(out, value, 3); }
void put_u32(std::string& out, std::uint32_t value) { put(out, value, 4); }

void put_length_encoded(std::string& out, std::uint64_t value) {
    if (value < null_mark) return put(out, value, 1);
    const std::size_t size = value <= 0xffff ? 2 : value <= 0xffffff ? 3 : 8;
    put_u8(out, size == 2 ? two_bytes : size == 3 ? three_bytes : eight_bytes);
    put(out, value, size);
}

void put_length_encoded(std::string& out, std::string_view text) {
    put_length_encoded(out, std::uint64_t{text.size()});
    out.append(text);
}

void put_c_string(std::string& out, std::string_view text) {
    out.append(text.substr(0, text.find('\0')));
    out.push_back('\0');
}

void append_packets(std::string& out, std::uint8_t& sequence, std::string_view payload) {
    for (bool more = true; more;) {
        const std::size_t size = std::min<std::size_t>(payload.size(), longest_packet);
        put_u24(out, static_cast<std::uint32_t>(size));
        put_u8(out, sequence++);
        out.append(payload.substr(0, size));
        payload.remove_prefix(size);
        more = size == longest_packet;
    }
}

}  // namespace weir::wire::mysql
