// Makes a MariaDB server's greeting one of MySQL while the client library reads it: to MariaDB it
// would offer the extended capabilities, which change column definitions and the column-count
// packet. Fed with the bytes from the connection's first one on, in pieces of any size. Pure; owned
// by whoever connects.
// Source: MySQL documentation, "Protocol::HandshakeV10".
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::upstream {

class MysqlGreeting {
  public:
    static constexpr std::uint32_t is_mysql = 1;  // the capability that MariaDB does not have

    void pass(unsigned char* bytes, std::size_t size);

    // All of the capabilities have passed; false for ever after an error packet.
    [[nodiscard]] bool passed() const { return at_ == Part::rest && seen_; }
    // The capabilities as the server offered them.
    [[nodiscard]] std::uint32_t offered() const { return offered_; }

  private:
    enum class Part : std::uint8_t { header, protocol, version, identity, low, status, high, rest };
    void pass(unsigned char& byte);
    void next(Part part);

    std::uint32_t offered_ = 0;
    Part at_ = Part::header;
    std::size_t in_part_ = 0;  // bytes of the present part that have passed
    bool seen_ = false;
};

}  // namespace weir::upstream
