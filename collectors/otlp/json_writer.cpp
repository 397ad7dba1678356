#include "collectors/otlp/json_writer.h"

#include <cmath>
#include <string>
#include <utility>

namespace weir::collectors::otlp {

// No two places of one object are open at once, so that none moves while it is filled.
void JsonWriter::inside(Json& place, const Body& body) {
    Json* const outside = std::exchange(here_, &place);
    body();
    here_ = outside;
}

void JsonWriter::message(Field field, const Body& body) {
    if (here_->is_array()) {
        inside(here_->emplace_back(Json::object()), body);
    } else {
        inside(*here_->emplace(field.name, Json::object()).first, body);
    }
}

void JsonWriter::list(Field field, const Body& elements) {
    inside(*here_->emplace(field.name, Json::array()).first, elements);
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

std::string JsonWriter::take() {
    std::string text = root_.dump();
    root_ = Json::object();
    return text;
}

}  // namespace weir::collectors::otlp
