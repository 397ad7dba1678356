#include "admin/readiness.h"

#include <fmt/format.h>

#include <iterator>

namespace weir::admin {

std::vector<Check> live_checks(bool loops_alive) {
    return {{"loops", loops_alive, "an event loop has shown no heartbeat for 5 s"}};
}

std::vector<Check> ready_checks(const proxy::Readiness& readiness, settings::ReadyPolicy policy) {
    std::vector<Check> checks{
        {"started", readiness.started, "the configuration is not in effect yet"},
        {"listening", readiness.listening, "a listener is not bound"},
        {"not draining", !readiness.draining, "draining"},
    };
    if (policy == settings::ReadyPolicy::any) {
        checks.push_back({"upstreams", readiness.upstreams_serve, "no upstream can serve"});
    } else if (policy == settings::ReadyPolicy::all) {
        checks.push_back({"upstreams", readiness.upstreams_serve, "an upstream can't serve"});
    }
    return checks;
}

std::vector<Check> startup_checks(const proxy::Readiness& readiness) {
    return {{"started", readiness.started, "the configuration is not in effect yet"},
            {"warm", readiness.warm, "initial warming is not done"}};
}

Response probe_answer(const std::vector<Check>& checks, bool verbose) {
    std::string lines;
    std::string reasons;
    for (const Check& check : checks) {
        fmt::format_to(std::back_inserter(lines), "{}: {}\n", check.name,
                       check.passed ? "ok" : check.reason);
        if (check.passed) continue;
        if (!reasons.empty()) reasons += "; ";
        reasons += check.reason;
    }
    const bool passed = reasons.empty();
    const std::string verdict = passed ? "ok\n" : reasons + "\n";
    return text_answer(passed ? 200 : 503, verbose ? lines + verdict : verdict);
}

}  // namespace weir::admin
