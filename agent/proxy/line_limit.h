// A log line that a storm of events would write at each of them: one a second is written, and says
// how many were left out. One thread; no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/clock.h"

namespace weir::proxy {

class LineLimit {
  public:
    static constexpr base::Duration every = std::chrono::seconds(1);

    // An event: how many were left out before it when its line is to be written; nothing: it is
    // left out itself.
    [[nodiscard]] std::optional<std::uint64_t> admit(base::Instant now) {
        if (written_at_ && now - *written_at_ < every) {
            ++left_out_;
            return std::nullopt;
        }
        written_at_ = now;
        return std::exchange(left_out_, 0);
    }
    // How many were left out and would never be told of, because no other event has come; 0: none.
    [[nodiscard]] std::uint64_t overdue(base::Instant now) {
        if (left_out_ == 0 || now - *written_at_ < every) return 0;
        return std::exchange(left_out_, 0);
    }

  private:
    std::optional<base::Instant> written_at_;
    std::uint64_t left_out_ = 0;
};

}  // namespace weir::proxy
