#include "proxy/holder_board.h"

namespace weir::proxy {
namespace {

// Several ticks of a loop that has much to do.
constexpr base::Duration a_moment = std::chrono::seconds(1);

}  // namespace

bool HolderBoard::asked(base::Instant now) const {
    const base::Instant::rep at = asked_at_.load();
    return at >= 0 && now - base::Instant(base::Instant::duration(at)) < a_moment;
}

void HolderBoard::tell(Place place, LeakStatus holder, base::Instant since, base::Instant now) {
    const std::scoped_lock lock(mutex_);
    entries_.insert_or_assign(place, Entry{std::move(holder), since, now});
}

void HolderBoard::tell_none(Place place) {
    const std::scoped_lock lock(mutex_);
    entries_.erase(place);
}

std::optional<LeakStatus> HolderBoard::longest(base::Instant now) const {
    const std::scoped_lock lock(mutex_);
    const Entry* longest = nullptr;
    for (const auto& [place, entry] : entries_) {
        if (now - entry.told >= a_moment) continue;
        if (longest == nullptr || entry.since < longest->since) longest = &entry;
    }
    if (longest == nullptr) return std::nullopt;
    LeakStatus holder = longest->holder;
    holder.held_seconds = base::seconds(now - longest->since);
    return holder;
}

}  // namespace weir::proxy
