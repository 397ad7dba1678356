#include "collectors/otlp/protobuf_writer.h"

#include <bit>
#include <utility>

namespace weir::collectors::otlp {
namespace {

void append_varint(std::string& bytes, std::uint64_t value) {
    char encoded[10];
    std::size_t size = 0;
    for (; value >= 0x80; value >>= 7) encoded[size++] = static_cast<char>(value | 0x80);
    encoded[size++] = static_cast<char>(value);
    bytes.append(encoded, size);
}

}  // namespace

void ProtobufWriter::tag(Field field, WireType type) {
    varint(std::uint64_t{field.number} << 3 | static_cast<std::uint8_t>(type));
}

void ProtobufWriter::varint(std::uint64_t value) { append_varint(bytes_, value); }

void ProtobufWriter::little_endian(std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) bytes_ += static_cast<char>(value >> (8 * i));
}

// The length stands before what it measures and is known only after: it is put in then.
void ProtobufWriter::message(Field field, const Body& body) {
    tag(field, WireType::sized);
    const std::size_t begin = bytes_.size();
    body();
    std::string length;
    append_varint(length, bytes_.size() - begin);
    bytes_.insert(begin, length);
}

void ProtobufWriter::list(Field /*field*/, const Body& elements) { elements(); }

void ProtobufWriter::text(Field field, std::string_view utf8) {
    tag(field, WireType::sized);
    varint(utf8.size());
    bytes_ += utf8;
}

void ProtobufWriter::id(Field field, std::string_view bytes) { text(field, bytes); }

void ProtobufWriter::number(Field field, std::uint32_t value) {
    tag(field, WireType::varint);
    varint(value);
}

void ProtobufWriter::flags(Field field, std::uint32_t value) {
    tag(field, WireType::four_bytes);
    little_endian(value, 4);
}

void ProtobufWriter::instant(Field field, std::uint64_t value) {
    tag(field, WireType::eight_bytes);
    little_endian(value, 8);
}

void ProtobufWriter::whole(Field field, std::int64_t value) {
    tag(field, WireType::varint);
    varint(static_cast<std::uint64_t>(value));
}

void ProtobufWriter::real(Field field, double value) {
    tag(field, WireType::eight_bytes);
    little_endian(std::bit_cast<std::uint64_t>(value), 8);
}

void ProtobufWriter::boolean(Field field, bool value) {
    tag(field, WireType::varint);
    varint(value ? 1 : 0);
}

std::string ProtobufWriter::take() { return std::exchange(bytes_, {}); }

}  // namespace weir::collectors::otlp
