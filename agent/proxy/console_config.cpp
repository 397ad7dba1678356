// SHOW CONFIG: Weir's own keys, as weir.toml names them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <type_traits>
#include <variant>

#include "proxy/console_tables.h"
#include "settings/key.h"

namespace weir::proxy {
namespace {

std::string shown(const settings::Shown& value) {
    return std::visit(
        [](const auto& held) -> std::string {
            using Held = std::decay_t<decltype(held)>;
            if constexpr (std::is_same_v<Held, std::vector<std::string>>) {
                return fmt::format("{}", fmt::join(held, ","));
            } else {
                return fmt::format("{}", held);
            }
        },
        value);
}

template <class S>
void add_keys(std::vector<wire::postgresql::Row>& rows, const std::string& path, const S& section) {
    static const S usual{};
    for (const auto& key : settings::keys<S>()) {
        rows.push_back(
            {path + "." + key.name, shown(key.show(section)), shown(key.show(usual)), "no"});
    }
}

}  // namespace

std::vector<wire::postgresql::Row> config_rows(const settings::Settings& settings) {
    std::vector<wire::postgresql::Row> rows;
    settings::visit_sections([&](const char* name, auto member) {
        if constexpr (settings::SectionOf<decltype(member)>::repeated) {
            for (const auto& item : settings.*member) {
                add_keys(rows, fmt::format("{}.{}", name, item.name), item);
            }
        } else {
            add_keys(rows, name, settings.*member);
        }
    });
    return rows;
}

}  // namespace weir::proxy
