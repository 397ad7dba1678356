// Requests and replies of Redis: any cut of a stream gives the same ones, and no byte is lost. The
// first byte of the input says how the rest is cut. A transaction that is called whole is so many
// whole requests.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/redis/reply_scanner.h"
#include "wire/redis/request_scanner.h"
#include "wire/redis/transaction.h"

using namespace weir::wire::redis;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

std::string replies(std::string_view stream, std::size_t size) {
    ReplyScanner scanner;
    std::string seen, bytes;
    ReplyPiece piece;
    for (std::size_t at = 0; at < stream.size(); at += size) {
        std::string_view chunk = stream.substr(at, size);
        for (;;) {
            const ReplyScanner::Status status = scanner.next(chunk, piece);
            if (status == ReplyScanner::Status::invalid) return seen + "!";
            if (status == ReplyScanner::Status::need_more) break;
            require(!piece.bytes.empty());
            require(piece.last == scanner.between_replies());
            bytes += piece.bytes;
            if (piece.last) seen += piece.type + std::to_string(bytes.size());
        }
        require(chunk.empty());
        require(bytes == stream.substr(0, bytes.size()));
    }
    return seen;
}

std::string requests(std::string_view stream, std::size_t size) {
    // Small, so that the fuzzer finds long requests.
    RequestScanner scanner({16, 4096, 64});
    std::string seen, buffer;
    for (std::size_t at = 0; at < stream.size(); at += size) {
        buffer += stream.substr(at, size);
        while (!buffer.empty()) {
            if (scanner.passing()) {
                buffer.erase(0, scanner.pass(buffer));
                if (!scanner.error().empty()) return seen + "!";
                if (!scanner.passing()) seen += ".";
                continue;
            }
            Request request;
            const RequestScanner::Status status = scanner.next(buffer, request);
            if (status == RequestScanner::Status::invalid) return seen + "!";
            if (status == RequestScanner::Status::need_more) break;
            require(request.taken > 0 && request.taken <= buffer.size());
            for (const std::string_view argument : request.arguments) seen.append(argument) += ' ';
            seen += status == RequestScanner::Status::request ? '\n' : '>';
            buffer.erase(0, request.taken);
        }
    }
    return seen;
}

void transaction(std::string_view stream) {
    constexpr unsigned most = 8;
    const auto whole = whole_transaction(stream, most);
    if (!whole) return;
    require(whole->size <= stream.size() && whole->commands > 0 && whole->commands <= most);
    RequestScanner scanner{RequestScanner::Limits()};
    stream = stream.substr(0, whole->size);
    for (unsigned i = 0; i < whole->commands; ++i) {
        Request request;
        require(scanner.next(stream, request) == RequestScanner::Status::request);
        require(request.bytes == stream.substr(0, request.taken));
        stream.remove_prefix(request.taken);
    }
    require(stream.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
    for (auto* const scan : {&replies, &requests}) {
        const std::string whole = scan(stream, stream.size() + 1);
        require(scan(stream, 1) == whole);
        require(scan(stream, data[0] + 1U) == whole);
    }
    transaction(stream);
    return 0;
}
