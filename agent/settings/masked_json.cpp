#include <nlohmann/json.hpp>
#include <string>
#include <variant>

#include "settings/key.h"
#include "settings/load.h"

namespace weir::settings {
namespace {

using Json = nlohmann::ordered_json;

template <class S>
Json object_of(const S& section) {
    Json object = Json::object();
    for (const auto& key : keys<S>()) {
        auto value = std::visit([](const auto& shown) { return Json(shown); }, key.show(section));
        const auto dot = key.name.find('.');
        if (dot == std::string::npos) {
            object[key.name] = std::move(value);
        } else {
            object[key.name.substr(0, dot)][key.name.substr(dot + 1)] = std::move(value);
        }
    }
    return object;
}

}  // namespace

std::string masked_json(const Settings& settings) {
    Json root = Json::object();
    visit_sections([&](const char* name, auto member) {
        if constexpr (SectionOf<decltype(member)>::repeated) {
            root[name] = Json::array();
            for (const auto& item : settings.*member) root[name].push_back(object_of(item));
        } else {
            root[name] = object_of(settings.*member);
        }
    });
    // Names may hold bytes that are no UTF-8: shown replaced rather than thrown at.
    return root.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weir::settings
