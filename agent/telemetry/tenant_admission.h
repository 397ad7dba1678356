// Who has a seat, that is a series with the tenant's name: those named by configuration, those in
// trouble, the top by use; never more than there are seats. A seat is kept for an hour at least,
// and it is free for another only when its last counts could be scraped. Guarded by the ledger's
// mutex, as are the accounts.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "telemetry/tenant_account.h"

namespace weir::telemetry {

using TenantAccountRef = std::shared_ptr<TenantAccount>;

struct TenantRules {
    unsigned top = 50;
    unsigned max = 100;
    std::set<std::string> always;
};

// The foremost of many, by a rank that is told with each.
class Foremost {
  public:
    void begin(std::size_t limit);
    // Takes it in, at the price of the least where there is no place: who is left out, if anybody.
    TenantAccountRef offer(double rank, TenantAccountRef account);
    [[nodiscard]] std::vector<TenantAccountRef> take();  // foremost first

  private:
    using Entry = std::pair<double, TenantAccountRef>;
    std::size_t limit_ = 0;
    std::vector<Entry> heap_;  // the least in front
};

class TenantAdmission {
  public:
    static constexpr Duration kept_at_least = std::chrono::hours(1);

    void govern(TenantRules rules);
    // A pool was made. Whoever comes while there are few has a seat from the first event.
    void opened(const TenantAccountRef& account, Instant now);
    // A round: begun, every account observed, decided.
    void begin_round();
    void observed(const TenantAccountRef& account, Instant now);
    void decide(Instant now);
    // A whole reading was taken of all who have a seat.
    void shown();

    [[nodiscard]] const std::vector<TenantAccountRef>& seated() const { return seated_; }
    // How often somebody entitled to a seat found none.
    [[nodiscard]] std::uint64_t turned_away() const { return turned_away_; }

  private:
    using Seat = TenantAccount::Seat;
    [[nodiscard]] bool named(const TenantAccount& account) const {
        return rules_.always.contains(account.tenant);
    }
    [[nodiscard]] std::size_t places() const;
    [[nodiscard]] std::size_t room_for(Seat seat) const;
    bool give_seat(const TenantAccountRef& account, Seat seat, Instant now);
    void turn_away(TenantAccount& account);
    void count_seats();
    void release_seats(Instant now);
    void shrink(Instant now);

    TenantRules rules_;
    std::vector<TenantAccountRef> seated_;  // at most rules_.max but for a moment after a reload
    std::size_t tops_ = 0;                  // of them: by use
    std::set<std::string> named_seated_;    // … and whom of rules_.always they name
    Foremost best_, troubled_, named_;
    std::uint64_t round_ = 0, turned_away_ = 0;
};

}  // namespace weir::telemetry
