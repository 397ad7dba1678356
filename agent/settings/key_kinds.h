// The kinds of keys, one maker each; used by the tables in keys_*.cpp only. `where` is a pointer to
// a member, or at(&Upstream::tls, &UpstreamTls::mode) for one inside an inline table.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/words.h"
#include "settings/duration.h"
#include "settings/key.h"
#include "settings/read_value.h"

namespace weir::settings {

template <class S, class Inner, class T>
auto at(Inner S::*outer, T Inner::*inner) {
    return [ outer, inner ](auto& section) -> auto& { return section.*outer.*inner; };
}

// `read` gives Value<T> of a node; `show` the Shown of a T.
template <class S, class Where, class Read, class Show>
Key<S> made(std::string name, Where where, Read read, Show show) {
    return {
        std::move(name),
        [where, read](S& section, const Node& node,
                      const Environment& environment) -> std::optional<std::string> {
            auto value = read(node, environment);
            if (!value) return std::move(value.error());
            std::invoke(where, section) = std::move(*value);
            return std::nullopt;
        },
        [where, show](const S& section) -> Shown { return show(std::invoke(where, section)); },
        [where](const S& a, const S& b) { return std::invoke(where, a) == std::invoke(where, b); }};
}

template <class S, class Where>
Key<S> text(std::string name, Where where) {
    return made<S>(
        std::move(name), where,
        [](const Node& node, const Environment&) { return read_text(node); },
        [](const std::string& value) { return value; });
}

template <class S, class Where>
Key<S> texts(std::string name, Where where) {
    return made<S>(
        std::move(name), where,
        [](const Node& node, const Environment&) { return read_texts(node); },
        [](const std::vector<std::string>& value) { return value; });
}

template <class S, class Where>
Key<S> boolean(std::string name, Where where) {
    return made<S>(
        std::move(name), where,
        [](const Node& node, const Environment&) { return read_boolean(node); },
        [](bool value) { return value; });
}

template <class S, class Where>
Key<S> whole(std::string name, Where where, unsigned least, unsigned most) {
    return made<S>(
        std::move(name), where,
        [least, most](const Node& node, const Environment&) {
            return read_whole(node, least, most);
        },
        [](unsigned value) { return std::int64_t{value}; });
}

template <class S, class Where>
Key<S> fraction(std::string name, Where where) {
    return made<S>(
        std::move(name), where,
        [](const Node& node, const Environment&) { return read_fraction(node); },
        [](double value) { return value; });
}

// A limit that "0s" switches off.
template <class S, class Where>
Key<S> limit(std::string name, Where where) {
    return made<S>(
        std::move(name), where,
        [](const Node& node, const Environment&) { return read_duration(node, true); },
        [](nanoseconds value) { return duration_text(value); });
}

// A duration that can't be zero.
template <class S, class Where>
Key<S> span(std::string name, Where where) {
    return made<S>(
        std::move(name), where,
        [](const Node& node, const Environment&) { return read_duration(node, false); },
        [](nanoseconds value) { return duration_text(value); });
}

template <class S, class Where>
Key<S> secret(std::string name, Where where, PerTenant per_tenant = PerTenant::no) {
    return made<S>(
        std::move(name), where,
        [per_tenant](const Node& node, const Environment& environment) {
            return read_secret(node, environment, per_tenant);
        },
        [](const Secret& value) { return std::string(value.empty() ? "" : "***"); });
}

template <class E>
Value<E> read_enum(const Node& node) {
    const auto& all = base::Words<E>::all;
    return read_word(node, {all.begin(), all.end()}).map([](std::size_t i) {
        return static_cast<E>(i);
    });
}

template <class E, class S, class Where>
Key<S> word(std::string name, Where where) {
    return made<S>(
        std::move(name), where,
        [](const Node& node, const Environment&) { return read_enum<E>(node); },
        [](E value) { return std::string(base::word(value)); });
}

}  // namespace weir::settings
