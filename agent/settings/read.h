// From the tree to the structs, by the tables of keys: unknown keys, wrong types and values out of
// range are reported; what the file leaves out is filled in where the default depends on something
// else. Start-up and reload only.
#pragma once

#include <string>

#include "settings/load.h"
#include "settings/node.h"
#include "settings/report.h"
#include "settings/settings.h"

namespace weir::settings {

// "pool.tenants" for the named item of an array, "pool[2]" (from 1) for one without a name.
[[nodiscard]] std::string item_path(std::string_view section, const Node& item, std::size_t index);

// A listener without a name is called like its engine.
void name_listeners(Node& root);
// Without any [[listen]], each engine that has an upstream gets one.
void imply_listeners(Node& root);

[[nodiscard]] Settings read_settings(const Node& root, const Environment& environment,
                                     Report& report);

}  // namespace weir::settings
