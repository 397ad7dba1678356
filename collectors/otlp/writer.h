// What a batch is written to: JSON or the binary form of protobuf. The one walk over a batch
// (encoder.cpp) calls it field by field, so that both forms say the same. Texts are UTF-8 already.
// One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "collectors/otlp/fields.h"

namespace weir::collectors::otlp {

class Writer {
  public:
    virtual ~Writer() = default;

    // A message in a field; `body` writes what is in it.
    template <class Body>
    void message(Field field, const Body& body) {
        begin_message(field);
        body();
        end_message();
    }
    // All elements of a repeated field of messages, each written by message() of this very field.
    template <class Body>
    void list(Field field, const Body& elements) {
        begin_list(field);
        elements();
        end_list();
    }
    // What was written for `what` before, until take(), is written again; else `body` writes it.
    template <class Body>
    void repeated(const void* what, const Body& body) {
        if (repeat(what)) return;
        const std::size_t begin = size();
        body();
        keep(what, begin);
    }
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
    // All that was written, where it stays until more is; the writer is as new.
    [[nodiscard]] virtual std::string_view take() = 0;

  protected:
    virtual void begin_message(Field field) = 0;
    virtual void end_message() = 0;
    virtual void begin_list(Field field) = 0;
    virtual void end_list() = 0;
    // Whether it was kept, and is now written again.
    [[nodiscard]] virtual bool repeat(const void* /*what*/) { return false; }
    [[nodiscard]] virtual std::size_t size() const { return 0; }
    // What stands from `begin` on was written for `what`.
    virtual void keep(const void* /*what*/, std::size_t /*begin*/) {}
};

}  // namespace weir::collectors::otlp
