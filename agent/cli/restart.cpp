// `weir restart`: asks the agent for a successor and waits until that one answers, or until the
// agent says why it goes on itself.

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "cli/commands.h"

namespace weir::cli {
namespace {

using nlohmann::json;

constexpr const char* target = "/api/v1/restart";
constexpr base::Duration patience = std::chrono::seconds(45);  // longer than the agent's own
constexpr std::chrono::milliseconds look_every{100};

int process_of(const json& status) { return status.is_object() ? status.value("process", 0) : 0; }

int succeeded(const std::string& answer, int before, const json& now, bool as_json,
              const Output& output) {
    if (as_json) {
        output.out << answer;
    } else {
        output.out << fmt::format(
            "restarted: process {} serves; process {} finishes what runs and exits\n",
            process_of(now), before);
    }
    return 0;
}

}  // namespace

int perform(const AdminClient& agent, const RestartOptions& options, const Output& output) {
    const auto asked = agent.post(target, "{}");
    if (!asked) return output.fail(asked.error().message);
    const int before = process_of(json::parse(*asked, nullptr, false));
    const base::Instant deadline = base::Clock::now() + patience;
    std::string trouble = "it took too long";
    while (base::Clock::now() < deadline) {
        std::this_thread::sleep_for(look_every);
        // Between the two of them nobody answers for a moment.
        const auto answer = agent.get(target);
        if (!answer) {
            trouble = answer.error().message;
            continue;
        }
        const json now = json::parse(*answer, nullptr, false);
        if (process_of(now) == 0) continue;
        if (process_of(now) != before) {
            return succeeded(*answer, before, now, options.json, output);
        }
        if (!now.value("starting", false)) {
            return output.fail("no restart, the agent goes on: " +
                               now.value("error", std::string()));
        }
    }
    return output.fail("it is not known what became of the restart: " + trouble);
}

}  // namespace weir::cli
