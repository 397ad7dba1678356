// From one node to one value of a given type; a text from the environment is read as that type.
// Each gives the value or what is wrong with it: what was expected and what stands there instead.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "settings/load.h"
#include "settings/node.h"
#include "settings/secret.h"

namespace weir::settings {

template <class T>
using Value = base::Result<T, std::string>;

[[nodiscard]] Value<bool> read_boolean(const Node& node);
[[nodiscard]] Value<std::uint32_t> read_whole(const Node& node, std::uint32_t least,
                                              std::uint32_t most);
[[nodiscard]] Value<double> read_fraction(const Node& node);  // from 0 to 1
// `or_off`: "0s" is allowed and switches something off.
[[nodiscard]] Value<std::chrono::nanoseconds> read_duration(const Node& node, bool or_off);
[[nodiscard]] Value<std::string> read_text(const Node& node);
// In the environment: comma-separated.
[[nodiscard]] Value<std::vector<std::string>> read_texts(const Node& node);
[[nodiscard]] Value<std::size_t> read_word(const Node& node,
                                           const std::vector<std::string_view>& words);

enum class PerTenant : bool { no, yes };
// A text, { env = "NAME" } or { file = "/path" }, whose path may hold {tenant} when `per_tenant`.
// What is wrong never repeats the value.
[[nodiscard]] Value<Secret> read_secret(const Node& node, const Environment& environment,
                                        PerTenant per_tenant);

}  // namespace weir::settings
