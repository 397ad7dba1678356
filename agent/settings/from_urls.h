// From the URLs of `weir serve URL…` to the same tree that a file gives.
#pragma once

#include <string>
#include <vector>

#include "settings/node.h"
#include "settings/report.h"

namespace weir::settings {

// What is wrong with a URL goes to `report`; no message repeats its password.
[[nodiscard]] Node tree_of_urls(const std::vector<std::string>& urls, Report& report);

}  // namespace weir::settings
