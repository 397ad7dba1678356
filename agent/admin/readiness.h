// The three probes of orchestrators and load balancers as pure decisions: a list of checks, each
// passed or not. They ask no loop to answer, so a slow loop never makes a probe hang.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/message.h"
#include "proxy/inspection.h"
#include "settings/settings.h"

namespace weir::admin {

struct Check {
    std::string_view name;
    bool passed = false;
    std::string_view reason;  // when it did not
};

[[nodiscard]] std::vector<Check> live_checks(bool loops_alive);
// `upstreams_serve` of Readiness already follows any or all; with never it is left out.
[[nodiscard]] std::vector<Check> ready_checks(const proxy::Readiness&, settings::ReadyPolicy);
[[nodiscard]] std::vector<Check> startup_checks(const proxy::Readiness&);

// 200 "ok", or 503 with the reasons; `verbose`: a line for each check besides.
[[nodiscard]] Response probe_answer(const std::vector<Check>& checks, bool verbose);

}  // namespace weir::admin
