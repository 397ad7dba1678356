// Which of the keys that are set ask for something that is not in effect yet, and which of those
// would make the service less safe than asked.
#pragma once

#include "settings/node.h"
#include "settings/report.h"
#include "settings/settings.h"

namespace weir::settings {

// Only keys that stand in `root` are told: a default promises nothing.
void tell_not_in_effect(const Node& root, const Settings& settings, Report& notices,
                        Report& unsafe);

}  // namespace weir::settings
