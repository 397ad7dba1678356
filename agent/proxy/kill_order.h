// One MySQL client ends another, or what that one runs, by the number that it was told as its
// thread id. Goes to every loop, because the number does not say where its client is at home.
// Source: MariaDB documentation, "KILL".
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace weir::proxy {

enum class KillOutcome : std::uint8_t { done, unknown, not_allowed };

struct KillOrder {
    // Calls `answer` once, with the last word.
    KillOrder(std::uint32_t thread, bool query_only, std::string who, unsigned loops,
              std::function<void(KillOutcome)> answer)
        : thread_id(thread),
          query(query_only),
          user(std::move(who)),
          tally(std::make_shared<Tally>(loops, std::move(answer))) {}

    // A loop has carried it out, or not found its client.
    void told(KillOutcome outcome) const {
        if (outcome != KillOutcome::unknown) tally->outcome = outcome;
        if (--tally->loops_left == 0) tally->answer(tally->outcome);
    }

    std::uint32_t thread_id;
    bool query;        // only what it runs
    std::string user;  // who orders it: its own clients alone

  private:
    struct Tally {
        Tally(unsigned loops, std::function<void(KillOutcome)> done)
            : loops_left(loops), answer(std::move(done)) {}
        std::atomic<unsigned> loops_left;
        std::atomic<KillOutcome> outcome{KillOutcome::unknown};
        std::function<void(KillOutcome)> answer;
    };
    std::shared_ptr<Tally> tally;
};

}  // namespace weir::proxy
