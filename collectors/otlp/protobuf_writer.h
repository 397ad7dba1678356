// The binary form of protobuf (its documentation's chapter "Encoding"): a tag, then a varint, 4 or
// 8 bytes little-endian, or a length and as many bytes. One thread at a time.
#pragma once

#include "collectors/otlp/writer.h"

namespace weir::collectors::otlp {

class ProtobufWriter final : public Writer {
  public:
    void message(Field field, const Body& body) override;
    void list(Field field, const Body& elements) override;
    void text(Field field, std::string_view utf8) override;
    void id(Field field, std::string_view bytes) override;
    void number(Field field, std::uint32_t value) override;
    void flags(Field field, std::uint32_t value) override;
    void instant(Field field, std::uint64_t value) override;
    void whole(Field field, std::int64_t value) override;
    void real(Field field, double value) override;
    void boolean(Field field, bool value) override;
    [[nodiscard]] std::string take() override;

  private:
    enum class WireType : std::uint8_t { varint = 0, eight_bytes = 1, sized = 2, four_bytes = 5 };

    void tag(Field field, WireType type);
    void varint(std::uint64_t value);
    void little_endian(std::uint64_t value, unsigned bytes);

    std::string bytes_;
};

}  // namespace weir::collectors::otlp
