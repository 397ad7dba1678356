// Loading a text in a test: a complete small configuration to add to, and what loading it gives.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "settings/load.h"

namespace weir::settings {

inline constexpr std::string_view small_upstream = R"(
[[upstream]]
name = "main"
address = "127.0.0.1:5432"
)";
inline constexpr std::string_view small_pool = R"(
[[pool]]
name = "app"
upstream = "main"
match = "app"
)";
inline constexpr std::string_view small_user = R"(
[[user]]
name = "ann"
password = "secret-of-ann"
)";

// A configuration that loads without any problem; `before` and `after` are put around it.
inline std::string small(std::string_view before = {}, std::string_view after = {}) {
    std::string text(before);
    for (const auto part : {small_upstream, small_pool, small_user, after}) text += part;
    return text;
}

// Precondition: the text loads; fails the test otherwise and gives the defaults.
inline Loaded loaded(std::string_view text, const Environment& environment = {}) {
    auto result = load_text(text, "weir.toml", environment);
    if (result) return std::move(*result);
    for (const auto& problem : result.error()) ADD_FAILURE() << problem.text();
    return {};
}

inline std::vector<std::string> texts_of(const std::vector<Problem>& problems) {
    std::vector<std::string> texts;
    for (const auto& problem : problems) texts.push_back(problem.text());
    return texts;
}

// Every problem as one line; empty when the text loads.
inline std::vector<std::string> problems_of(std::string_view text,
                                            const Environment& environment = {}) {
    const auto result = load_text(text, "weir.toml", environment);
    return result ? std::vector<std::string>{} : texts_of(result.error());
}

// What stands before the small configuration begins in line 1, so its places are known.
inline std::vector<std::string> problems_before(std::string_view before) {
    return problems_of(small(before));
}
inline std::vector<std::string> problems_after(std::string_view after) {
    return problems_of(small({}, after));
}

}  // namespace weir::settings
