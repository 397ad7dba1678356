// The API's documents as text for people. Pure; each is in the source file of its command.
#pragma once

#include <string>

#include "cli/document.h"

namespace weir::cli {

[[nodiscard]] std::string pools_report(const Document& pools, bool colours);
// Of a pool's document: the worst of who waited for whom; those that have to do with `tenant` when
// it is not empty. Empty when nobody waited for anybody.
[[nodiscard]] std::string blame_report(const Document& pool, const std::string& tenant,
                                       bool colours);
[[nodiscard]] std::string servers_report(const Document& servers, bool colours);
[[nodiscard]] std::string health_report(const Document& health, bool colours);
[[nodiscard]] std::string tenants_report(const Document& tenants, bool colours);
[[nodiscard]] std::string advice_report(const Document& advice, bool colours);
[[nodiscard]] std::string leaks_report(const Document& leaks, bool colours);

}  // namespace weir::cli
