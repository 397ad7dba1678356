// The agent that started this process to take over from it, when there is one: its sockets, when to
// begin, and what it still keeps. Main thread, but for cancels.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "proxy/agent.h"
#include "settings/load.h"

namespace weir::cli {

// Names the descriptor of the channel to the predecessor.
inline constexpr const char* predecessor_variable = "WEIR_PREDECESSOR";

class Predecessor {
  public:
    // Waits for its sockets; takes its variable out of the environment. nullptr: there is none.
    // Fails when it has gone, or tells nothing.
    [[nodiscard]] static base::Result<std::unique_ptr<Predecessor>> find(settings::Environment&);

    [[nodiscard]] proxy::InheritedSockets take_sockets() { return std::move(sockets_); }
    void prepare(proxy::Agent& agent) const;  // before its start()
    void failed(const std::string& why) const;
    // Says that all is ready, waits until it has stepped aside, and heeds what it keeps.
    [[nodiscard]] base::Result<void> take_over(proxy::Agent& agent);
    void serving() const;
    void step(proxy::Agent& agent);  // heeds what it says

    [[nodiscard]] int fd() const { return finished_ ? -1 : handover_.fd(); }

  private:
    Predecessor(proxy::Handover handover, int process)
        : handover_(std::move(handover)), process_(process) {}

    proxy::Handover handover_;
    const int process_;
    std::uint32_t generation_ = 0;  // ours
    proxy::InheritedSockets sockets_;
    bool finished_ = false;
};

}  // namespace weir::cli
