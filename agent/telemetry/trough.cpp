#include "telemetry/trough.h"

namespace weir::telemetry {

void Trough::ticked(base::Instant now, std::int64_t level) {
    const std::int64_t minute =
        std::chrono::duration_cast<std::chrono::minutes>(now.time_since_epoch()).count();
    if (minute_ < 0) minute_ = minute;
    if (minute > minute_) {
        // After a gap longer than the hour every slot is written once, which is enough.
        minute_ = std::max(minute_, minute - static_cast<std::int64_t>(minutes_.size()));
        for (; minute_ < minute; ++minute_) {
            minutes_[static_cast<std::size_t>(minute_) % minutes_.size()] = least_this_minute_;
            least_this_minute_ = static_cast<std::int32_t>(level);
        }
        least_before_ = *std::min_element(minutes_.begin(), minutes_.end());
    }
    least_.set(std::min(least_before_, least_this_minute_));
}

}  // namespace weir::telemetry
