#include "cli/document.h"

#include <nlohmann/json.hpp>

#include "cli/figures.h"

namespace weir::cli {
namespace {

const Document* find(const Document& object, std::string_view key) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
}

}  // namespace

base::Result<Document> parse_document(const std::string& body) {
    Document document = Document::parse(body, nullptr, false);
    if (!document.is_object()) {
        return base::error("the answer is no JSON object; is that the admin address of an agent?");
    }
    return document;
}

std::string text_at(const Document& object, std::string_view key) {
    const Document* value = find(object, key);
    return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

double number_at(const Document& object, std::string_view key) {
    const Document* value = find(object, key);
    return value != nullptr && value->is_number() ? value->get<double>() : 0;
}

bool flag_at(const Document& object, std::string_view key) {
    const Document* value = find(object, key);
    return value != nullptr && value->is_boolean() && value->get<bool>();
}

std::string count_at(const Document& object, std::string_view key) {
    const Document* value = find(object, key);
    return value != nullptr && value->is_number() ? number_text(value->get<double>()) : "";
}

const Document& rows_at(const Document& object, std::string_view key) {
    static const Document none = Document::array();
    const Document* value = find(object, key);
    return value != nullptr && value->is_array() ? *value : none;
}

}  // namespace weir::cli
