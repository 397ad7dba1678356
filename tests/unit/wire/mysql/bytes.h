// Packets in tests: written as hexadecimal digits, or made around a payload.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/mysql/encoding.h"

namespace weir::wire::mysql::test {

inline std::string hex(std::string_view digits) {
    std::string out;
    int high = -1;
    for (const char c : digits) {
        const int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (value < 0) continue;
        if (high < 0) {
            high = value;
        } else {
            out.push_back(static_cast<char>(high * 16 + value));
            high = -1;
        }
    }
    return out;
}

inline std::string packet(unsigned sequence, std::string_view payload) {
    std::string out;
    auto id = static_cast<std::uint8_t>(sequence);
    append_packets(out, id, payload);
    return out;
}

}  // namespace weir::wire::mysql::test
