#include "base/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace weir::base {
namespace {

// The first byte's length of the character, and the range that its second byte must be in; the
// rest is always 80 to BF (RFC 3629, section 4).
struct Form {
    unsigned length = 0;  // 0: can't be a first byte
    std::uint8_t low = 0x80, high = 0xBF;
};

constexpr Form form_of(std::uint8_t first) {
    if (first < 0x80) return {1};
    if (first < 0xC2) return {};
    if (first < 0xE0) return {2};
    if (first == 0xE0) return {3, 0xA0, 0xBF};
    if (first == 0xED) return {3, 0x80, 0x9F};
    if (first < 0xF0) return {3};
    if (first == 0xF0) return {4, 0x90, 0xBF};
    if (first < 0xF4) return {4};
    if (first == 0xF4) return {4, 0x80, 0x8F};
    return {};
}

// Of the character that `text` begins with; 0: it begins with none. Precondition: not empty.
std::size_t character_length(std::string_view text) {
    const Form form = form_of(static_cast<std::uint8_t>(text.front()));
    if (form.length > text.size()) return 0;
    for (unsigned i = 1; i < form.length; ++i) {
        const auto byte = static_cast<std::uint8_t>(text[i]);
        if (byte < (i == 1 ? form.low : 0x80) || byte > (i == 1 ? form.high : 0xBF)) return 0;
    }
    return form.length;
}

}  // namespace

bool is_utf8(std::string_view text) {
    // Nearly all there is to look at is ASCII: a word at a time.
    constexpr std::uint64_t high_bits = 0x8080808080808080;
    std::uint64_t word = 0;
    while (text.size() >= sizeof word) {
        std::memcpy(&word, text.data(), sizeof word);
        if ((word & high_bits) != 0) break;
        text.remove_prefix(sizeof word);
    }
    while (!text.empty()) {
        const bool ascii = static_cast<std::uint8_t>(text.front()) < 0x80;
        const std::size_t length = ascii ? 1 : character_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string replaced_utf8(std::string_view text) {
    std::string valid;
    while (!text.empty()) {
        const std::size_t length = character_length(text);
        valid += length == 0 ? "\xEF\xBF\xBD" : text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return valid;
}

}  // namespace weir::base
