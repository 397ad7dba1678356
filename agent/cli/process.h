// The process around the agent: its limits, its memory, and the signals that its main thread takes.
// Start-up and main thread only.
#pragma once

#include <chrono>
#include <initializer_list>

#include "base/fd.h"
#include "settings/settings.h"

namespace weir::cli {

// Every client and every server connection is a descriptor: the limit is raised as far as it goes,
// and a shortfall is said before it hurts.
void raise_descriptor_limit(const settings::Settings& settings);
// Neither a core file nor another process of the same account gets at passwords and keys.
void keep_memory_private();

class Signals {
  public:
    // Blocks those that are handled: before any thread starts, so that only wait() sees them.
    // Broken pipes show as errors.
    Signals();
    // The next signal; 0 after `limit`, or sooner when one of the descriptors (-1: none) can be
    // read.
    [[nodiscard]] int wait(std::chrono::milliseconds limit,
                           std::initializer_list<int> descriptors) const;

  private:
    base::Fd fd_;
};

}  // namespace weir::cli
