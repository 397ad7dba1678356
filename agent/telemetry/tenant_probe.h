// What a tenant's pool tells of itself, on its home loop. Every event is written twice: to the
// pool's own cells, which are its whole truth while it lives, and to those of the series that it is
// credited to just then, the tenant's own or the one of all others. Moving from one series to
// another takes the gauges along and leaves every counter where it stands.
#pragma once

#include <algorithm>

#include "base/clock.h"
#include "telemetry/tenant_cells.h"

namespace weir::telemetry {

class alignas(64) TenantProbe {
  public:
    // `credit` outlives it, as does every later one; its writer is this one's.
    explicit TenantProbe(TenantCells& credit) : credit_(&credit) {}

    void used(std::int64_t connections) { level(&TenantCells::used, connections); }
    void pending(std::int64_t waiters) { level(&TenantCells::pending, waiters); }
    void sized(std::int64_t max) { level(&TenantCells::max, max); }
    void acquire_ended(AcquireOutcome outcome, base::Duration waited) {
        own_.acquires[outcome].add();
        credit_->acquires[outcome].add();
        if (outcome == AcquireOutcome::rejected) count(&TenantCells::rejections, 1);
        const auto wait = std::max(waited, base::Duration::zero()).count();
        if (wait > 0) count(&TenantCells::wait_nanoseconds, static_cast<std::uint64_t>(wait));
    }
    void leak_suspected() { count(&TenantCells::leaks_suspected, 1); }
    void query_ended() { count(&TenantCells::queries, 1); }
    void received(std::uint64_t bytes) { count(&TenantCells::bytes_in, bytes); }
    void sent(std::uint64_t bytes) { count(&TenantCells::bytes_out, bytes); }
    void query_took(std::uint64_t nanoseconds) { query_nanoseconds_.add(nanoseconds); }
    void transaction_took(std::uint64_t nanoseconds) {
        transactions_.add();
        transaction_nanoseconds_.add(nanoseconds);
    }

    // What happens from now on is credited there.
    void credit_to(TenantCells& credit) {
        if (&credit == credit_) return;
        for (Gauge TenantCells::*gauge :
             {&TenantCells::used, &TenantCells::pending, &TenantCells::max}) {
            (credit.*gauge).add((own_.*gauge).read());
            (credit_->*gauge).add(-(own_.*gauge).read());
        }
        credit_ = &credit;
    }
    // The pool has gone: nothing of it is in use, waits or is allowed any more.
    void gone() {
        used(0);
        pending(0);
        sized(0);
    }

    // -- read on any thread: of this pool since it was made
    [[nodiscard]] const TenantCells& cells() const { return own_; }
    // Of its connections while held: transactions ended, their time, and that with a query running.
    [[nodiscard]] std::uint64_t transactions() const { return transactions_.read(); }
    [[nodiscard]] std::uint64_t transaction_nanoseconds() const {
        return transaction_nanoseconds_.read();
    }
    [[nodiscard]] std::uint64_t query_nanoseconds() const { return query_nanoseconds_.read(); }

  private:
    void count(Counter TenantCells::*counter, std::uint64_t by) {
        (own_.*counter).add(by);
        (credit_->*counter).add(by);
    }
    void level(Gauge TenantCells::*gauge, std::int64_t to) {
        (credit_->*gauge).add(to - (own_.*gauge).read());
        (own_.*gauge).set(to);
    }

    TenantCells own_;
    TenantCells* credit_;
    Counter transactions_, transaction_nanoseconds_, query_nanoseconds_;
};
static_assert(sizeof(TenantProbe) <= 256);

}  // namespace weir::telemetry
