#include "pool/blame_matrix.h"

#include <algorithm>

namespace weir::pool {
namespace {

std::int64_t minute_of(base::Instant now) {
    return std::chrono::duration_cast<std::chrono::minutes>(now.time_since_epoch()).count();
}

template <class Pairs>
auto find(Pairs& pairs, std::string_view waiting, std::string_view holding,
          telemetry::WaitCause cause) {
    return std::find_if(pairs.begin(), pairs.end(), [&](const BlamedPair& pair) {
        return pair.cause == cause && pair.waiting == waiting && pair.holding == holding;
    });
}

bool less(const BlamedPair& a, const BlamedPair& b) { return a.nanoseconds < b.nanoseconds; }

}  // namespace

void BlameReading::add(const BlamedPair& pair) {
    const auto found = find(pairs, pair.waiting, pair.holding, pair.cause);
    if (found != pairs.end()) {
        found->nanoseconds += pair.nanoseconds;
    } else {
        pairs.push_back(pair);
    }
}

BlameMatrix::Slot& BlameMatrix::slot(base::Instant now) {
    const std::int64_t minute = minute_of(now);
    Slot& slot = slots_[static_cast<std::size_t>(minute) % minutes];
    if (slot.minute != minute) {
        slot.minute = minute;
        slot.pairs.clear();
        slot.rest = 0;
    }
    return slot;
}

void BlameMatrix::add(std::string_view waiting, std::string_view holding,
                      telemetry::WaitCause cause, std::uint64_t nanoseconds, base::Instant now) {
    if (nanoseconds == 0) return;
    Slot& here = slot(now);
    const auto found = find(here.pairs, waiting, holding, cause);
    if (found != here.pairs.end()) {
        found->nanoseconds += nanoseconds;
        return;
    }
    BlamedPair pair{std::string(waiting), std::string(holding), cause, nanoseconds};
    if (here.pairs.size() < pairs_a_minute) {
        here.pairs.push_back(std::move(pair));
        return;
    }
    // The least of them makes room for one that is worse already.
    BlamedPair& least = *std::min_element(here.pairs.begin(), here.pairs.end(), less);
    if (less(least, pair)) std::swap(least, pair);
    here.rest += pair.nanoseconds;
}

BlameReading BlameMatrix::read(base::Instant now) const {
    BlameReading reading;
    const std::int64_t oldest = minute_of(now) - static_cast<std::int64_t>(minutes);
    for (const Slot& slot : slots_) {
        if (slot.minute <= oldest) continue;
        for (const BlamedPair& pair : slot.pairs) reading.add(pair);
        reading.rest_nanoseconds += slot.rest;
    }
    return reading;
}

}  // namespace weir::pool
