#include "admin/compression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

namespace weir::admin {
namespace {

using ::testing::Contains;
using ::testing::Pair;

std::string unpacked(const std::string& packed, std::size_t size) {
    std::string plain(size, '\0');
    z_stream stream{};
    EXPECT_EQ(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(plain.data());
    stream.avail_out = static_cast<uInt>(plain.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    EXPECT_EQ(stream.avail_out, 0U);
    inflateEnd(&stream);
    return plain;
}

TEST(CompressionTest, long_answer_becomes_gzip_and_says_so) {
    std::string plain;
    for (int i = 0; i < 5000; ++i) plain += "weir_up " + std::to_string(i) + "\n";
    Response response = text_answer(200, plain);
    compress(response);
    EXPECT_LT(response.body.size(), plain.size() / 2);
    EXPECT_EQ(unpacked(response.body, plain.size()), plain);
    EXPECT_THAT(response.headers, Contains(Pair("Content-Encoding", "gzip")));
    EXPECT_THAT(response.headers, Contains(Pair("Vary", "Accept-Encoding")));
}

TEST(CompressionTest, what_can_t_be_made_smaller_is_whole_nevertheless) {
    std::string plain;
    std::uint32_t random = 1;
    for (int i = 0; i < 4096; ++i) {
        random = random * 1664525 + 1013904223;
        plain += static_cast<char>(random >> 24U);
    }
    Response response = text_answer(200, plain);
    compress(response);
    EXPECT_EQ(unpacked(response.body, plain.size()), plain);
}

TEST(CompressionTest, short_answer_stays_as_it_is) {
    Response response = text_answer(200, "ok\n");
    compress(response);
    EXPECT_EQ(response.body, "ok\n");
    EXPECT_TRUE(response.headers.empty());
}

}  // namespace
}  // namespace weir::admin
