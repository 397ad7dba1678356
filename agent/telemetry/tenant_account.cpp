#include "telemetry/tenant_account.h"

#include <algorithm>
#include <cmath>

#include "base/utf8.h"

namespace weir::telemetry {
namespace {

using namespace std::chrono_literals;

constexpr Duration trouble_lasts = 10min;
constexpr Duration use_halves_in = 10min;
// A scraper that comes every few minutes sees where the counters of one who has left stopped …
constexpr Duration shown_at_least = 5min;
// … but where nobody scrapes, a seat is not held for that.
constexpr Duration shown_at_most = 1h;
// What a query counts for besides the time of its connection, which several may share.
constexpr double query_seconds = 1e-6;
constexpr double no_use = 1e-9;
constexpr std::size_t longest_label = 128;

std::uint64_t troubles(const TenantCells& cells) {
    return cells.acquires[AcquireOutcome::timeout].read() + cells.rejections.read() +
           cells.leaks_suspected.read();
}

bool can_be_label(const std::string& tenant) {
    return tenant != "other" && tenant.size() <= longest_label && base::is_utf8(tenant);
}

}  // namespace

TenantAccount::TenantAccount(std::string pool_name, std::string engine_word,
                             std::string tenant_name)
    : pool(std::move(pool_name)),
      engine(std::move(engine_word)),
      tenant(std::move(tenant_name)),
      nameable(can_be_label(tenant)) {}

void TenantAccount::observe(Instant now) {
    const Duration passed = observed_ == Instant() ? Duration() : now - observed_;
    const double past = std::max(base::seconds(passed), 0.0);
    observed_ = std::max(observed_, now);
    use_ *= std::exp2(-past / base::seconds(use_halves_in));
    for (const auto& opening : openings) {
        const TenantProbe& probe = *opening->probe;
        const std::uint64_t work = probe.transaction_nanoseconds();
        const std::uint64_t queries = probe.cells().queries.read();
        const std::uint64_t trouble = troubles(probe.cells());
        // What is held for long has ended no transaction yet.
        const double held = static_cast<double>(probe.cells().used.read()) * past;
        use_ += std::max(static_cast<double>(work - opening->seen_work) * 1e-9, held) +
                static_cast<double>(queries - opening->seen_queries) * query_seconds;
        if (trouble != opening->seen_troubles) {
            trouble_ = now;
            ever_in_trouble_ = true;
        }
        opening->seen_work = work;
        opening->seen_queries = queries;
        opening->seen_troubles = trouble;
    }
    if (use_ < no_use) use_ = 0;
}

bool TenantAccount::in_trouble(Instant now) const {
    return ever_in_trouble_ && now - trouble_ < trouble_lasts;
}

void TenantAccount::sit_down(Seat seat, Instant now) {
    seat_ = seat;
    since_ = now;
    leaving_ = settled_ = shown_ = turned_away = false;
    ask_loops(now);
}

void TenantAccount::get_up(Instant now) {
    leaving_ = true;
    settled_ = shown_ = false;
    ask_loops(now);
}

void TenantAccount::vacate() {
    seat_ = Seat::none;
    leaving_ = false;
}

void TenantAccount::ask_loops(Instant now) {
    bool waiting = false;
    for (const auto& opening : openings) {
        waiting = true;
        if (!opening->switching) opening->desk.switches.push_back(opening.get());
        opening->switching = true;
        opening->desk.bell.store(true, std::memory_order_relaxed);
    }
    if (waiting || !leaving_) return;
    settled_ = true;
    left_ = now;
}

void TenantAccount::switched(TenantOpening& opening, Instant now) {
    opening.switching = false;
    if (!leaving_ || settled_) return;
    for (const auto& other : openings) {
        if (other->switching) return;
    }
    settled_ = true;
    left_ = now;
}

bool TenantAccount::may_vacate(Instant now) const {
    if (!leaving_ || !settled_) return false;
    return now - left_ >= (shown_ ? shown_at_least : shown_at_most);
}

TenantCells& TenantAccount::credit(TenantDesk& desk) {
    if (!seated() || leaving_) return desk.others;
    auto& cells = own_[desk.loop];
    if (cells == nullptr) cells = std::make_unique<TenantCells>();
    return *cells;
}

TenantReading TenantAccount::reading() const {
    TenantReading sum;
    for (const auto& [loop, cells] : own_) sum.add(*cells);
    return sum;
}

}  // namespace weir::telemetry
