// How a restart stands, as its main thread says it and admin threads and the console ask: whether
// one may begin, was asked for, is under way or failed. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "proxy/inspection.h"

namespace weir::proxy {

class Succession {
  public:
    // Asks for a successor; the main thread begins within a moment. Refused with the reason when
    // none can be had now.
    [[nodiscard]] Outcome<void> request();
    [[nodiscard]] SuccessionStatus status() const;

    // -- the main thread
    [[nodiscard]] bool take_request();
    void refuse_for(std::string reason);  // from now on; empty: no more
    void failed(std::string why);
    void predecessor(int process);  // that finishes what it has; 0: none

  private:
    mutable std::mutex mutex_;
    bool requested_ = false;
    std::string refusal_;
    SuccessionStatus status_;
};

}  // namespace weir::proxy
