#include "wire/mysql/encoding.h"

#include <gtest/gtest.h>

#include "wire/mysql/bytes.h"
#include "wire/mysql/protocol.h"

namespace weir::wire::mysql {
namespace {

using test::hex;

TEST(Encoding, length_encoded_integers_are_written_as_short_as_they_can_be) {
    const std::pair<std::uint64_t, const char*> cases[] = {
        {0, "00"},
        {250, "fa"},
        {251, "fc fb 00"},
        {0xffff, "fc ff ff"},
        {0x10000, "fd 00 00 01"},
        {0xffffff, "fd ff ff ff"},
        {0x1000000, "fe 00 00 00 01 00 00 00 00"},
        {0xffffffffffffffff, "fe ff ff ff ff ff ff ff ff"}};
    for (const auto& [value, digits] : cases) {
        std::string out;
        put_length_encoded(out, value);
        EXPECT_EQ(out, hex(digits)) << value;
        std::uint64_t read = 1;
        PayloadReader reader(out);
        EXPECT_TRUE(reader.take_length_encoded(read));
        EXPECT_EQ(read, value);
        EXPECT_TRUE(reader.empty());
        PayloadReader cut(std::string_view(out).substr(0, out.size() - 1));
        EXPECT_FALSE(cut.take_length_encoded(read));
        EXPECT_EQ(cut.rest().size(), out.size() - 1) << "nothing taken";
    }
}

TEST(Encoding, null_and_error_marks_are_no_numbers) {
    std::uint64_t value = 0;
    for (const char* const digits : {"fb 01", "ff 01 01 01 01 01 01 01 01"}) {
        const std::string bytes = hex(digits);
        PayloadReader reader(bytes);
        EXPECT_FALSE(reader.take_length_encoded(value)) << digits;
    }
}

TEST(Encoding, a_string_that_is_cut_short_is_not_taken) {
    const std::string bytes = hex("03 61 62");
    PayloadReader reader(bytes);
    std::string_view text;
    EXPECT_FALSE(reader.take_length_encoded(text));
    EXPECT_EQ(reader.rest(), bytes);
    EXPECT_FALSE(reader.take_c_string(text));
    EXPECT_FALSE(reader.take_bytes(4, text));
    std::uint32_t number = 0;
    EXPECT_FALSE(reader.take(number));
    EXPECT_EQ(reader.rest(), bytes);
}

TEST(Encoding, integers_are_little_endian) {
    std::string out;
    put_u8(out, 1);
    put_u16(out, 0x0302);
    put_u24(out, 0x060504);
    put_u32(out, 0x0a090807);
    EXPECT_EQ(out, hex("01 02 03 04 05 06 07 08 09 0a"));
    PayloadReader reader(out);
    std::uint8_t a = 0;
    std::uint16_t b = 0;
    std::uint32_t c = 0;
    EXPECT_TRUE(reader.take(a) && reader.take(b) && reader.take(c));
    EXPECT_EQ(a, 1);
    EXPECT_EQ(b, 0x0302);
    EXPECT_EQ(c, 0x07060504u);
}

TEST(Encoding, a_long_payload_is_split_and_its_end_is_told) {
    std::string out;
    std::uint8_t sequence = 255;
    append_packets(out, sequence, std::string(longest_packet, 'x'));
    EXPECT_EQ(out.size(), longest_packet + 8u);
    EXPECT_EQ(out.substr(0, 4), hex("ff ff ff ff"));
    EXPECT_EQ(out.substr(longest_packet + 4u), hex("00 00 00 00"));
    EXPECT_EQ(sequence, 1);
}

TEST(Encoding, a_name_with_a_nul_in_it_ends_there) {
    std::string out;
    put_c_string(out, std::string_view("a\0b", 3));
    EXPECT_EQ(out, std::string("a\0", 2));
}

}  // namespace
}  // namespace weir::wire::mysql
