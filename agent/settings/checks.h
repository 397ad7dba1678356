// Where the cross-checks of validate*.cpp put what they find: each at the place of the key that it
// is about, and only when nothing is wrong with that key already. Lives while one load lasts.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "settings/node.h"
#include "settings/report.h"
#include "settings/settings.h"

namespace weir::settings {

class Checks {
  public:
    Checks(const Node& root, Report& errors, Report& warnings)
        : root_(root), errors_(errors), warnings_(warnings) {}

    // Of a plain section; an empty key is the section itself.
    void error(std::string_view section, std::string_view key, std::string message);
    // Of one item of an array of tables; `index` counts from 0.
    void error(std::string_view section, std::size_t index, std::string_view key,
               std::string message);
    void warning(std::string_view section, std::size_t index, std::string_view key,
                 std::string message);

    // Whether the item's key could be read; a value that could not must not be judged by others.
    [[nodiscard]] bool sound(std::string_view section, std::size_t index,
                             std::string_view key) const;
    [[nodiscard]] bool is_set(std::string_view section, std::size_t index,
                              std::string_view key) const;

  private:
    struct Spot {
        const Place& place;
        std::string path;
    };
    [[nodiscard]] const Node* item(std::string_view section, std::size_t index) const;
    [[nodiscard]] Spot spot(std::string_view section, std::size_t index,
                            std::string_view key) const;

    const Node& root_;
    Report& errors_;
    Report& warnings_;
};

// The cross-checks, one function a subject.
void check_agent(const Settings& settings, Checks& checks);
void check_listeners(const Settings& settings, Checks& checks);
void check_upstreams(const Settings& settings, Checks& checks);
void check_pools(const Settings& settings, Checks& checks);
void check_users(const Settings& settings, Checks& checks);

// A pool's upstream; nullptr when there is no such upstream.
[[nodiscard]] const Upstream* upstream_of(const Settings& settings, const Pool& pool);

// Why `name` can't be a metric's label and a part of a URL's path; empty when it can.
[[nodiscard]] std::string wrong_with_name(std::string_view name);

// Every name of `items` is well-formed and given once.
template <class Item>
void check_names(std::string_view section, const std::vector<Item>& items, Checks& checks) {
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (auto wrong = wrong_with_name(items[i].name); !wrong.empty()) {
            checks.error(section, i, "name", std::move(wrong));
        }
        for (std::size_t before = 0; before < i; ++before) {
            if (items[before].name == items[i].name) {
                checks.error(section, i, "name",
                             "another [[" + std::string(section) + "]] has this name already");
            }
        }
    }
}

}  // namespace weir::settings
