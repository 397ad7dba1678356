// Any cut of a stream gives the same messages, and no byte is lost: the first byte of the input
// says how the rest is cut.
#include "wire/postgresql/scanner.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using weir::wire::postgresql::Piece;
using weir::wire::postgresql::Scanner;

namespace {

constexpr std::uint32_t maximum = 1U << 20U;

void require(bool holds) {
    if (!holds) std::abort();
}

// Types, lengths and ends of the messages; the bytes must be those of the stream.
std::string scan(std::string_view stream, std::size_t size) {
    Scanner scanner(maximum);
    std::string seen, bytes;
    Piece piece;
    for (std::size_t at = 0; at < stream.size(); at += size) {
        std::string_view chunk = stream.substr(at, size);
        for (;;) {
            const Scanner::Status status = scanner.next(chunk, piece);
            if (status == Scanner::Status::invalid) {
                require(!scanner.between_messages());
                return seen + "!";
            }
            if (status == Scanner::Status::need_more) break;
            require(!piece.bytes.empty() && piece.length >= 5 && piece.length <= maximum + 1);
            require(piece.first || piece.carried.empty());
            if (piece.first) seen += piece.type + std::to_string(piece.length);
            if (piece.last) seen += '.';
            bytes.append(piece.carried).append(piece.bytes);
            require(stream.starts_with(bytes));
        }
        require(chunk.empty());
    }
    return seen;
}

// With whole runs of one type taken at once, the rest of the messages stays the same.
void take_runs(std::string_view stream) {
    Scanner one_by_one(maximum), in_runs(maximum);
    std::string_view left = stream, left_in_runs = stream;
    Piece piece;
    while (!left_in_runs.empty()) {
        const std::string_view run = in_runs.take_run(left_in_runs.front(), left_in_runs);
        const std::size_t target = left_in_runs.size();
        while (left.size() > target) {
            require(one_by_one.next(left, piece) == Scanner::Status::piece);
            require(piece.first && piece.last && piece.type == run.front());
        }
        require(left.size() == target);
        const Scanner::Status status = in_runs.next(left_in_runs, piece);
        require(status == one_by_one.next(left, piece));
        require(left.size() == left_in_runs.size());
        if (status != Scanner::Status::piece) return;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::string whole = scan(stream, stream.size() + 1);
    require(scan(stream, 1) == whole);
    require(scan(stream, data[0] + 1U) == whole);
    take_runs(stream);
    return 0;
}
