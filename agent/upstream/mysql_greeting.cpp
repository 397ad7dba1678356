#include "upstream/mysql_greeting.h"

namespace weir::upstream {
namespace {

constexpr unsigned char handshake_v10 = 10;
constexpr std::size_t header_size = 4;            // of a packet
constexpr std::size_t identity_size = 4 + 8 + 1;  // thread id, half of the scramble, a filler
constexpr std::size_t status_size = 1 + 2;        // collation, status flags

}  // namespace

void MysqlGreeting::pass(unsigned char* bytes, std::size_t size) {
    for (std::size_t i = 0; i < size && at_ != Part::rest; ++i) pass(bytes[i]);
}

void MysqlGreeting::pass(unsigned char& byte) {
    ++in_part_;
    switch (at_) {
        case Part::header:
            if (in_part_ == header_size) next(Part::protocol);
            break;
        case Part::protocol:
            next(byte == handshake_v10 ? Part::version : Part::rest);
            break;
        case Part::version:
            if (byte == 0) next(Part::identity);
            break;
        case Part::identity:
            if (in_part_ == identity_size) next(Part::low);
            break;
        case Part::low:
            offered_ |= std::uint32_t{byte} << (in_part_ == 1 ? 0U : 8U);
            if (in_part_ == 1) byte |= is_mysql;
            if (in_part_ == 2) next(Part::status);
            break;
        case Part::status:
            if (in_part_ == status_size) next(Part::high);
            break;
        case Part::high:
            offered_ |= std::uint32_t{byte} << (in_part_ == 1 ? 16U : 24U);
            if (in_part_ < 2) break;
            seen_ = true;
            next(Part::rest);
            break;
        case Part::rest:
            break;
    }
}

void MysqlGreeting::next(Part part) {
    at_ = part;
    in_part_ = 0;
}

}  // namespace weir::upstream
