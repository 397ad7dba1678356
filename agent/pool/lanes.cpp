#include "pool/lanes.h"

#include <algorithm>
#include <cassert>

namespace weir::pool {
namespace {

constexpr Duration first_backoff = std::chrono::milliseconds(250);
constexpr Duration longest_backoff = std::chrono::seconds(30);

}  // namespace

void Lane::refused(CreateFailure why, std::string state, std::string text, Instant now) {
    backoff = backoff.count() == 0 ? first_backoff : std::min(backoff * 2, longest_backoff);
    retry_at = now + backoff;
    failure = why;
    sqlstate = std::move(state);
    message = std::move(text);
}

Lane* Lanes::find(CompatibilityKey key) {
    const auto found =
        std::find_if(lanes_.begin(), lanes_.end(), [key](const Lane& l) { return l.key == key; });
    return found == lanes_.end() ? nullptr : &*found;
}

void Lanes::forget(CompatibilityKey key) {
    std::erase_if(lanes_, [key](const Lane& l) {
        assert(l.key != key || l.waiting + l.dialing + l.checking == 0);
        return l.key == key;
    });
}

Lane& Lanes::of(CompatibilityKey key) {
    if (Lane* lane = find(key)) return *lane;
    // Keys come and go with clients' start-up parameters: those that say nothing any more go first.
    std::erase_if(lanes_, [](const Lane& l) {
        return l.waiting + l.dialing + l.checking == 0 && l.backoff.count() == 0;
    });
    lanes_.push_back({});
    lanes_.back().key = key;
    return lanes_.back();
}

}  // namespace weir::pool
