// The description of one key: its name, what it may hold, how it is set, shown and whether its
// feature is in effect. keys() lists all keys of a section: reading, the environment's names, the
// notices and the masked form all follow from these tables, so that none can be forgotten.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "settings/load.h"
#include "settings/node.h"
#include "settings/settings.h"

namespace weir::settings {

// A value as the API shows it; a secret is "***", or "" while it is empty.
using Shown = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

template <class S>
struct Key {
    using Setter = std::function<std::optional<std::string>(S&, const Node&, const Environment&)>;

    std::string name;                                   // dotted inside inline tables: "tls.mode"
    Setter set;                                         // what is wrong with the value, or nothing
    std::function<Shown(const S&)> show;                // the present value
    std::function<bool(const S&, const S&)> equal;      // of secrets, too
    std::function<bool(const Shown&)> later = nullptr;  // true: such a value is not in effect yet
    bool lessens_safety = false;     // … and serving without it is less safe than asked
    bool fixed = false;              // can't change while the agent runs
    bool makes_connections = false;  // server connections are made with it

    // Any value but the default is not in effect yet.
    [[nodiscard]] Key not_yet() && {
        const Shown usual = show(S{});
        later = [usual](const Shown& value) { return value != usual; };
        return std::move(*this);
    }
    [[nodiscard]] Key unsafe() && {
        lessens_safety = true;
        return std::move(*this);
    }
    [[nodiscard]] Key needs_restart() && {
        fixed = true;
        return std::move(*this);
    }
    [[nodiscard]] Key of_connections() && {
        makes_connections = true;
        return std::move(*this);
    }
    // Whether it was set at all counts, too, and stands in `flag`.
    [[nodiscard]] Key marks(bool S::*flag) && {
        set = [first = std::move(set), flag](S& section, const Node& node,
                                             const Environment& environment) {
            auto wrong = first(section, node, environment);
            if (!wrong) section.*flag = true;
            return wrong;
        };
        equal = [first = std::move(equal), flag](const S& a, const S& b) {
            return first(a, b) && a.*flag == b.*flag;
        };
        return std::move(*this);
    }
};

// One table for each section, in the order of config/weir.toml.
template <class S>
[[nodiscard]] const std::vector<Key<S>>& keys();

// Calls visit(name, &Settings::member) for each section, in the order of config/weir.toml; the
// member is a vector where the section is an array of tables.
template <class Visitor>
void visit_sections(const Visitor& visit) {
    visit("agent", &Settings::agent);
    visit("log", &Settings::log);
    visit("admin", &Settings::admin);
    visit("auth", &Settings::auth);
    visit("listen", &Settings::listen);
    visit("upstream", &Settings::upstream);
    visit("pool", &Settings::pool);
    visit("user", &Settings::user);
    visit("metrics", &Settings::metrics);
    visit("traces", &Settings::traces);
}

// The struct behind a section, and whether the section is an array of them.
template <class Member>
struct SectionOf;
template <class S>
struct SectionOf<S Settings::*> {
    using Struct = S;
    static constexpr bool repeated = false;
};
template <class S>
struct SectionOf<std::vector<S> Settings::*> {
    using Struct = S;
    static constexpr bool repeated = true;
};

template <class S>
[[nodiscard]] bool equal(const S& a, const S& b) {
    const auto& all = keys<S>();
    return std::all_of(all.begin(), all.end(), [&](const auto& key) { return key.equal(a, b); });
}

// Whether server connections are made with `b` as they are with `a`.
template <class S>
[[nodiscard]] bool connects_alike(const S& a, const S& b) {
    const auto& all = keys<S>();
    return std::all_of(all.begin(), all.end(),
                       [&](const auto& key) { return !key.makes_connections || key.equal(a, b); });
}

template <class S>
[[nodiscard]] std::vector<std::string> key_names() {
    std::vector<std::string> names;
    for (const auto& key : keys<S>()) names.push_back(key.name);
    return names;
}

}  // namespace weir::settings
