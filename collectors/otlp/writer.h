// What a batch is written to: JSON or the binary form of protobuf. The one walk over a batch
// (encoder.cpp) calls it field by field, so that both forms say the same. Texts are UTF-8 already.
// One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "collectors/otlp/fields.h"

namespace weir::collectors::otlp {

class Writer {
  public:
    using Body = std::function<void()>;

    virtual ~Writer() = default;

    // A message in a field; `body` writes what is in it.
    virtual void message(Field field, const Body& body) = 0;
    // All elements of a repeated field of messages, each written by message() of this very field.
    virtual void list(Field field, const Body& elements) = 0;
    virtual void text(Field field, std::string_view utf8) = 0;
    // An id: bytes, in hexadecimal digits where there are only texts (OTLP's exception to the JSON
    // of protobuf).
    virtual void id(Field field, std::string_view bytes) = 0;
    virtual void number(Field field, std::uint32_t value) = 0;   // an enum
    virtual void flags(Field field, std::uint32_t value) = 0;    // fixed32
    virtual void instant(Field field, std::uint64_t value) = 0;  // fixed64
    virtual void whole(Field field, std::int64_t value) = 0;
    virtual void real(Field field, double value) = 0;
    virtual void boolean(Field field, bool value) = 0;
    // All that was written; the writer is as new.
    [[nodiscard]] virtual std::string take() = 0;
};

}  // namespace weir::collectors::otlp
