// What the environment overrides: WEIR_<SECTION>_<KEY>, in an array of tables by the item's name:
// WEIR_POOL_TENANTS_MAX_SIZE. Letters are upper-case, everything but letters and digits is "_".
// Start-up and reload only.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "settings/load.h"
#include "settings/node.h"
#include "settings/report.h"

namespace weir::settings {

// "pool", "tenants-eu", "breaker.open_for" → "WEIR_POOL_TENANTS_EU_BREAKER_OPEN_FOR".
[[nodiscard]] std::string environment_name(std::string_view section, std::string_view item,
                                           std::string_view key);

class Overrides {
  public:
    explicit Overrides(const Environment& environment) : environment_(environment) {}

    // Sets in `root` what the environment says of this section's keys.
    void apply(Node& root, std::string_view section, Report& report);
    // Call last: a WEIR_ name that was no override, is not Kubernetes' and is not used by a secret
    // ({ env = … }) of `root` means nothing and is reported.
    void report_unused(const Node& root, Report& report) const;

  private:
    void override_item(Node& item, std::string_view section, std::string_view name,
                       const std::vector<std::string>& keys, Report& report);

    const Environment& environment_;
    std::set<std::string> used_;
    std::vector<std::string> known_;
};

}  // namespace weir::settings
