#include "settings/effect.h"

#include "settings/key.h"
#include "settings/read.h"

namespace weir::settings {
namespace {

constexpr const char* not_yet = "set, but not yet in effect";

template <class S>
void tell_keys(const Node& table, const std::string& path, const S& section, Report& notices,
               Report& unsafe) {
    for (const auto& key : keys<S>()) {
        const auto* node = table.find(key.name);
        if (node == nullptr || !key.later || !key.later(key.show(section))) continue;
        const auto name = path + "." + key.name;
        notices.add(node->place, name, not_yet);
        if (key.lessens_safety) unsafe.add(node->place, name, not_yet);
    }
}

}  // namespace

void tell_not_in_effect(const Node& root, const Settings& settings, Report& notices,
                        Report& unsafe) {
    visit_sections([&](const char* name, auto member) {
        const auto* section = root.find(name);
        if (section == nullptr) return;
        if constexpr (SectionOf<decltype(member)>::repeated) {
            const auto& items = settings.*member;
            for (std::size_t i = 0; i < items.size(); ++i) {
                const auto& item = section->children[i];
                tell_keys(item, item_path(name, item, i), items[i], notices, unsafe);
            }
        } else {
            tell_keys(*section, name, settings.*member, notices, unsafe);
        }
    });
}

}  // namespace weir::settings
