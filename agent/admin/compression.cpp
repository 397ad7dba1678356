#include "admin/compression.h"

#include <zlib.h>

#include <stdexcept>

namespace weir::admin {
namespace {

constexpr std::size_t worth_it = 1024;
// The agent's cores belong to queries: the fastest level makes a tenth of a scrape already.
constexpr int level = Z_BEST_SPEED;
constexpr int gzip_window = MAX_WBITS + 16;  // 16: with gzip's header (zlib manual, deflateInit2)
constexpr int memory = 8;

std::string gzipped(const std::string& plain) {
    z_stream stream{};
    if (::deflateInit2(&stream, level, Z_DEFLATED, gzip_window, memory, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        throw std::runtime_error("no memory to compress an answer");
    }
    std::string packed(::deflateBound(&stream, plain.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const int result = ::deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    ::deflateEnd(&stream);
    if (result != Z_STREAM_END) throw std::runtime_error("an answer could not be compressed");
    return packed;
}

}  // namespace

void compress(Response& response) {
    if (response.body.size() < worth_it) return;
    std::string packed = gzipped(response.body);
    response.headers.reserve(response.headers.size() + 2);
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.headers.emplace_back("Vary", "Accept-Encoding");
    response.body = std::move(packed);
}

}  // namespace weir::admin
