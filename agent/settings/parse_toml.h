// The only place that sees toml++: a file's text becomes a tree of nodes, or the first error of its
// grammar (the library stops there). Never throws.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "settings/load.h"
#include "settings/node.h"

namespace weir::settings {

// `file` names the places: "weir.toml:12:5".
[[nodiscard]] base::Result<Node, Problem> parse_toml(std::string_view text,
                                                     const std::string& file);

}  // namespace weir::settings
