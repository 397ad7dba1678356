#include "collectors/otlp/json_writer.h"

#include <cmath>
#include <string>
#include <utility>

namespace weir::collectors::otlp {

void JsonWriter::begin_message(Field field) {
    Json& place = here();
    open_.push_back(place.is_array() ? &place.emplace_back(Json::object())
                                     : &*place.emplace(field.name, Json::object()).first);
}

void JsonWriter::begin_list(Field field) {
    open_.push_back(&*here().emplace(field.name, Json::array()).first);
}

void JsonWriter::text(Field field, std::string_view utf8) { put(field, utf8); }

void JsonWriter::id(Field field, std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    put(field, std::move(text));
}

void JsonWriter::number(Field field, std::uint32_t value) { put(field, value); }
void JsonWriter::flags(Field field, std::uint32_t value) { put(field, value); }
void JsonWriter::instant(Field field, std::uint64_t value) { put(field, std::to_string(value)); }
void JsonWriter::whole(Field field, std::int64_t value) { put(field, std::to_string(value)); }

void JsonWriter::real(Field field, double value) {
    if (std::isfinite(value)) {
        put(field, value);
    } else {
        put(field, std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    }
}

void JsonWriter::boolean(Field field, bool value) { put(field, value); }

std::string_view JsonWriter::take() {
    room_ = std::exchange(root_, Json::object()).dump();
    return room_;
}

}  // namespace weir::collectors::otlp
