#include "pool/blame.h"

#include "pool/budget.h"

namespace weir::pool {
namespace {

using telemetry::Holder;
using telemetry::WaitCause;

// amount × part / whole without overflow; part <= whole.
std::uint64_t share_of(std::uint64_t amount, unsigned part, unsigned whole) {
    return amount / whole * part + amount % whole * part / whole;
}

}  // namespace

void Blame::look(const Budget& budget, base::Instant now) {
    if (looked_at_ != base::Instant{} && now - looked_at_ < Budget::look_every) return;
    looked_at_ = now;
    holdings_ = budget.holdings(now);
}

void Blame::spent_on_pool(const std::string& tenant, std::uint64_t nanoseconds) {
    matrix_.add(tenant, tenant, WaitCause::pool_full, nanoseconds, latest_);
}

void Blame::spent_on_tokens(const std::string& tenant, std::uint64_t nanoseconds,
                            telemetry::PoolProbe& probe) {
    const unsigned whole = holdings_->total();
    // Where nobody uses a connection (all are on their way) nobody else is known to be in the way.
    const std::uint64_t own =
        whole == 0 ? nanoseconds : share_of(nanoseconds, holdings_->of(tenant), whole);
    std::uint64_t others = nanoseconds - own;
    probe.blamed(Holder::same_tenant, own);
    probe.blamed(Holder::other_tenant, others);
    matrix_.add(tenant, tenant, WaitCause::budget, own, latest_);
    for (const Holdings::Share& holder : holdings_->largest()) {
        if (holder.tenant == tenant) continue;
        const std::uint64_t part =
            std::min(others, share_of(nanoseconds, holder.used, whole));  // rounded: at most all
        matrix_.add(tenant, holder.tenant, WaitCause::budget, part, latest_);
        others -= part;
    }
    matrix_.add_rest(others, latest_);
}

}  // namespace weir::pool
