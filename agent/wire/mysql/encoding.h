// Integers and strings as packets hold them. A reader goes through one payload and never beyond its
// end; a writer's functions append to a string. Pure.
// Source: "Protocol data types": int<n> little endian, int<lenenc>, string<lenenc>, string<NUL>.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::wire::mysql {

// Each take… gives false, and takes nothing, when the payload is too short or malformed.
class PayloadReader {
  public:
    explicit PayloadReader(std::string_view payload) : rest_(payload) {}

    [[nodiscard]] bool take(std::uint8_t& value);
    [[nodiscard]] bool take(std::uint16_t& value);
    [[nodiscard]] bool take(std::uint32_t& value);
    // 0xfb (NULL in a row) and 0xff are no numbers.
    [[nodiscard]] bool take_length_encoded(std::uint64_t& value);
    [[nodiscard]] bool take_bytes(std::size_t size, std::string_view& bytes);
    [[nodiscard]] bool take_length_encoded(std::string_view& text);
    [[nodiscard]] bool take_c_string(std::string_view& text);  // without its NUL
    [[nodiscard]] std::string_view rest() const { return rest_; }
    [[nodiscard]] bool empty() const { return rest_.empty(); }

  private:
    std::string_view rest_;
};

void put_u8(std::string& out, std::uint8_t value);
void put_u16(std::string& out, std::uint16_t value);
void put_u24(std::string& out, std::uint32_t value);
void put_u32(std::string& out, std::uint32_t value);
void put_length_encoded(std::string& out, std::uint64_t value);
void put_length_encoded(std::string& out, std::string_view text);
void put_c_string(std::string& out, std::string_view text);  // cut at its first NUL

// Appends `payload` as packets, split at 0xffffff bytes, the first with `sequence`, which then is
// the next one's.
void append_packets(std::string& out, std::uint8_t& sequence, std::string_view payload);

}  // namespace weir::wire::mysql
