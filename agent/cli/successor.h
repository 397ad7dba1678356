// The process that takes over from this one at a restart, from its start until we leave or go on
// because it could not. Main thread: step() does what is due and never waits for the successor, but
// for the moment in which one that failed ends.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/agent.h"

namespace weir::cli {

class Successor {
  public:
    // The admin HTTP, whose port only one process can have.
    struct Admin {
        std::function<void()> stop;
        std::function<base::Result<void>()> start;
    };

    // `command`: the words that started this process. `agent` outlives it.
    Successor(proxy::Agent& agent, std::vector<std::string> command, Admin admin);

    void step(base::Instant now);
    [[nodiscard]] bool serves() const { return phase_ == Phase::serves; }
    [[nodiscard]] int fd() const { return handover_ ? handover_->fd() : -1; }

  private:
    enum class Phase : std::uint8_t { none, prepares, takes_over, serves };

    void begin(base::Instant now);
    [[nodiscard]] base::Result<void> spawn();
    [[nodiscard]] bool hand_sockets_over() const;
    void heed(const proxy::HandoverMessage& message);
    void step_aside();
    void leave();
    void tell_kept();
    [[nodiscard]] std::string end_of_process();
    void give_up(const std::string& why);

    proxy::Agent& agent_;
    const std::vector<std::string> command_;
    const Admin admin_;
    Phase phase_ = Phase::none;
    pid_t process_ = 0;
    std::optional<proxy::Handover> handover_;
    base::Instant deadline_{};
    proxy::KeptConnections kept_;  // as told last
};

}  // namespace weir::cli
