#include "telemetry/tenant_admission.h"

#include <algorithm>

namespace weir::telemetry {

void Foremost::begin(std::size_t limit) {
    limit_ = limit;
    heap_.clear();
}

TenantAccountRef Foremost::offer(double rank, TenantAccountRef account) {
    constexpr auto more = [](const Entry& a, const Entry& b) { return a.first > b.first; };
    if (heap_.size() == limit_ && (limit_ == 0 || rank <= heap_.front().first)) return account;
    heap_.emplace_back(rank, std::move(account));
    std::push_heap(heap_.begin(), heap_.end(), more);
    if (heap_.size() <= limit_) return nullptr;
    std::pop_heap(heap_.begin(), heap_.end(), more);
    TenantAccountRef least = std::move(heap_.back().second);
    heap_.pop_back();
    return least;
}

std::vector<TenantAccountRef> Foremost::take() {
    std::sort(heap_.begin(), heap_.end(),
              [](const Entry& a, const Entry& b) { return a.first > b.first; });
    std::vector<TenantAccountRef> all;
    for (Entry& entry : heap_) all.push_back(std::move(entry.second));
    heap_.clear();
    return all;
}

void TenantAdmission::govern(TenantRules rules) {
    rules.top = std::min(rules.top, rules.max);
    rules_ = std::move(rules);
    count_seats();
}

void TenantAdmission::count_seats() {
    tops_ = 0;
    named_seated_.clear();
    for (const TenantAccountRef& account : seated_) {
        if (account->seat() == Seat::top) ++tops_;
        if (named(*account)) named_seated_.insert(account->tenant);
    }
}

// One seat each is kept free for those named by configuration who have not come yet.
std::size_t TenantAdmission::places() const {
    const std::size_t kept = rules_.always.size() - named_seated_.size();
    return rules_.max - std::min<std::size_t>(kept, rules_.max);
}

std::size_t TenantAdmission::room_for(Seat seat) const {
    const auto left = [](std::size_t all, std::size_t taken) { return all - std::min(taken, all); };
    if (seat == Seat::always) return left(rules_.max, seated_.size());
    const std::size_t room = left(places(), seated_.size());
    return seat == Seat::trouble ? room : std::min(room, left(rules_.top, tops_));
}

bool TenantAdmission::give_seat(const TenantAccountRef& account, Seat seat, Instant now) {
    if (!account->nameable || room_for(seat) == 0) return false;
    account->sit_down(seat, now);
    seated_.push_back(account);
    if (seat == Seat::top) ++tops_;
    if (named(*account)) named_seated_.insert(account->tenant);
    return true;
}

void TenantAdmission::turn_away(TenantAccount& account) {
    if (!account.turned_away) ++turned_away_;
    account.turned_away = true;
}

void TenantAdmission::opened(const TenantAccountRef& account, Instant now) {
    if (account->seated()) return;
    if (named(*account)) {
        if (!give_seat(account, Seat::always, now)) turn_away(*account);
        return;
    }
    // The other half waits for those who will turn out to use most.
    if (tops_ < rules_.top / 2) (void)give_seat(account, Seat::top, now);
}

void TenantAdmission::begin_round() {
    ++round_;
    best_.begin(rules_.top);
    troubled_.begin(rules_.max);
    named_.begin(rules_.max);
}

void TenantAdmission::observed(const TenantAccountRef& account, Instant now) {
    account->observe(now);
    const bool unseated = !account->seated();
    TenantAccountRef left_out;
    if (named(*account)) {
        if (unseated) left_out = named_.offer(account->use(), account);
    } else {
        const bool in_trouble = account->in_trouble(now);
        if (in_trouble && unseated) left_out = troubled_.offer(account->use(), account);
        if (!in_trouble) account->turned_away = false;
        const bool idle_guest = account->seated() && !account->openings.empty();
        if (account->use() > 0 || idle_guest) (void)best_.offer(account->use(), account);
    }
    if (left_out != nullptr) turn_away(*left_out);
}

void TenantAdmission::decide(Instant now) {
    const std::vector<TenantAccountRef> best = best_.take();
    for (const TenantAccountRef& account : best) account->best_in = round_;
    const bool too_many = seated_.size() > places();
    for (const TenantAccountRef& account : seated_) {
        const bool entitled =
            named(*account) || account->in_trouble(now) || account->best_in == round_;
        if (account->leaving() && entitled && !too_many) account->sit_down(account->seat(), now);
        if (!account->leaving() && !entitled && now - account->since() >= kept_at_least) {
            account->get_up(now);
        }
    }
    shrink(now);
    release_seats(now);
    count_seats();
    const auto come = [now](const TenantAccountRef& account) {
        return !account->seated() && (!account->openings.empty() || account->in_trouble(now));
    };
    for (const TenantAccountRef& account : named_.take()) {
        if (come(account) && !give_seat(account, Seat::always, now)) turn_away(*account);
    }
    for (const TenantAccountRef& account : troubled_.take()) {
        if (come(account) && !give_seat(account, Seat::trouble, now)) turn_away(*account);
    }
    for (const TenantAccountRef& account : best) {
        if (come(account) && account->use() > 0) (void)give_seat(account, Seat::top, now);
    }
}

void TenantAdmission::release_seats(Instant now) {
    const bool too_many = seated_.size() > places();
    std::erase_if(seated_, [&](const TenantAccountRef& account) {
        const bool hurry = too_many && account->settled();
        if (!account->leaving() || !(hurry || account->may_vacate(now))) return false;
        account->vacate();
        return true;
    });
}

// A reload has left fewer seats, or names others who must have one: those who use least get up, the
// named ones last.
void TenantAdmission::shrink(Instant now) {
    std::vector<TenantAccountRef> sitting;
    for (const TenantAccountRef& account : seated_) {
        if (!account->leaving()) sitting.push_back(account);
    }
    if (sitting.size() <= places()) return;
    std::sort(sitting.begin(), sitting.end(), [this](const auto& a, const auto& b) {
        return std::pair(named(*a), a->use()) < std::pair(named(*b), b->use());
    });
    sitting.resize(sitting.size() - places());
    for (const TenantAccountRef& account : sitting) account->get_up(now);
}

void TenantAdmission::shown() {
    for (const TenantAccountRef& account : seated_) account->shown();
}

}  // namespace weir::telemetry
