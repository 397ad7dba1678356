#include "settings/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "settings/key.h"

namespace weir::settings {
namespace {

std::string text_of(const Shown& shown) {
    return std::visit(
        [](const auto& value) {
            using T = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<T, std::vector<std::string>>) {
                return fmt::format("[{}]", fmt::join(value, ", "));
            } else if constexpr (std::is_same_v<T, std::string>) {
                return value.empty() ? std::string("\"\"") : value;
            } else {
                return fmt::format("{}", value);
            }
        },
        shown);
}

template <class S>
void compare_keys(const std::string& path, const S& before, const S& after, Diff& diff) {
    for (const auto& key : keys<S>()) {
        if (key.equal(before, after)) continue;
        const std::string from = text_of(key.show(before));
        const std::string to = text_of(key.show(after));
        const std::string what =
            from == to ? std::string("changed") : fmt::format("{} -> {}", from, to);
        const std::string name = path + "." + key.name;
        if (key.fixed) {
            diff.fixed.push_back(
                {"", name, what + ": can't change while the agent runs, needs `weir restart`"});
        } else {
            diff.changes.push_back(name + ": " + what);
        }
    }
}

template <class S>
const S* find(const std::vector<S>& items, const std::string& name) {
    const auto found =
        std::find_if(items.begin(), items.end(), [&](const S& item) { return item.name == name; });
    return found == items.end() ? nullptr : &*found;
}

// The names in `items` that `others` have, too, in order.
template <class S>
std::vector<std::string> shared_names(const std::vector<S>& items, const std::vector<S>& others) {
    std::vector<std::string> names;
    for (const S& item : items) {
        if (find(others, item.name) != nullptr) names.push_back(item.name);
    }
    return names;
}

template <class S>
void compare_items(const std::string& section, const std::vector<S>& before,
                   const std::vector<S>& after, Diff& diff) {
    for (const S& item : before) {
        const std::string path = section + "." + item.name;
        if (const S* const now = find(after, item.name)) {
            compare_keys(path, item, *now, diff);
        } else {
            diff.changes.push_back(path + ": removed");
        }
    }
    for (const S& item : after) {
        if (find(before, item.name) == nullptr) {
            diff.changes.push_back(section + "." + item.name + ": added");
        }
    }
    // The first pool that matches serves.
    if (std::is_same_v<S, Pool> && shared_names(before, after) != shared_names(after, before)) {
        diff.changes.push_back(section + ": another order");
    }
}

}  // namespace

Diff compare(const Settings& before, const Settings& after) {
    Diff diff;
    visit_sections([&](const char* name, auto member) {
        if constexpr (SectionOf<decltype(member)>::repeated) {
            compare_items(name, before.*member, after.*member, diff);
        } else {
            compare_keys(name, before.*member, after.*member, diff);
        }
    });
    return diff;
}

}  // namespace weir::settings
