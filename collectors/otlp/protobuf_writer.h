// The binary form of protobuf (its documentation's chapter "Encoding"): a tag, then a varint, 4 or
// 8 bytes little-endian, or a length and as many bytes. One thread at a time.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "collectors/otlp/writer.h"

namespace weir::collectors::otlp {

class ProtobufWriter final : public Writer {
  public:
    // Writes into `room`, which outlives it and only grows: whoever keeps it does not clear it
    // anew.
    explicit ProtobufWriter(std::string& room) : bytes_(room) {}

    void text(Field field, std::string_view utf8) override;
    void id(Field field, std::string_view bytes) override;
    void number(Field field, std::uint32_t value) override;
    void flags(Field field, std::uint32_t value) override;
    void instant(Field field, std::uint64_t value) override;
    void whole(Field field, std::int64_t value) override;
    void real(Field field, double value) override;
    void boolean(Field field, bool value) override;
    [[nodiscard]] std::string_view take() override;

  private:
    void begin_message(Field field) override;
    void end_message() override;
    void begin_list(Field /*field*/) override {}
    void end_list() override {}
    [[nodiscard]] bool repeat(const void* what) override;
    [[nodiscard]] std::size_t size() const override { return used_; }
    void keep(const void* what, std::size_t begin) override;

    // Where so many bytes may be written; done() says how far it went.
    [[nodiscard]] char* room(std::size_t most) {
        if (bytes_.size() - used_ < most) bytes_.resize(2 * bytes_.size() + most);
        return bytes_.data() + used_;
    }
    void done(const char* end) { used_ = static_cast<std::size_t>(end - bytes_.data()); }
    void append(std::string_view bytes);
    void varint(Field field, std::uint64_t value);

    std::string& bytes_;  // those that are used are what was written
    std::size_t used_ = 0;
    std::vector<std::size_t> open_;  // messages that are being written: where their lengths stand
    std::unordered_map<const void*, std::string> kept_;
};

}  // namespace weir::collectors::otlp
