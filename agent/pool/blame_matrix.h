// Who waited for whose connections in the last minutes: time by waiting tenant, holding tenant and
// cause. Bounded: so many minutes, so many pairs in each; what is less than those is summed. One
// loop's thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "telemetry/vocabulary.h"

namespace weir::pool {

struct BlamedPair {
    std::string waiting, holding;  // tenants
    telemetry::WaitCause cause = telemetry::WaitCause::pool_full;
    std::uint64_t nanoseconds = 0;  // of waiting
};

struct BlameReading {
    std::vector<BlamedPair> pairs;       // each once
    std::uint64_t rest_nanoseconds = 0;  // of pairs that are not among them

    void add(const BlamedPair& pair);
};

class BlameMatrix {
  public:
    static constexpr std::size_t minutes = 10;
    static constexpr std::size_t pairs_a_minute = 64;

    void add(std::string_view waiting, std::string_view holding, telemetry::WaitCause cause,
             std::uint64_t nanoseconds, base::Instant now);
    void add_rest(std::uint64_t nanoseconds, base::Instant now) { slot(now).rest += nanoseconds; }
    // Of the minute that is not over and those before it.
    [[nodiscard]] BlameReading read(base::Instant now) const;

  private:
    struct Slot {
        std::int64_t minute = -1;
        std::vector<BlamedPair> pairs;
        std::uint64_t rest = 0;
    };
    [[nodiscard]] Slot& slot(base::Instant now);

    std::array<Slot, minutes> slots_;
};

}  // namespace weir::pool
