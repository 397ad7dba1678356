// What the ledger knows of one tenant of one template, and the desk where one loop learns what it
// shall credit to whom. Everything is guarded by the ledger's mutex but the cells, each of which
// its loop writes, and a desk's bell.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "telemetry/tenant_probe.h"

namespace weir::telemetry {

using base::Duration;
using base::Instant;

class TenantAccount;
struct TenantDesk;

// A pool of a tenant while it lives; one for each app.
struct TenantOpening {
    TenantAccount& account;
    TenantDesk& desk;
    const std::shared_ptr<TenantProbe> probe;
    std::uint64_t seen_work = 0, seen_queries = 0, seen_troubles = 0;
    bool switching = false;  // stands in the desk's switches
};

// One template on one loop.
struct TenantDesk {
    TenantDesk(std::string template_name, std::string of_engine, unsigned of_loop)
        : pool(std::move(template_name)), engine(std::move(of_engine)), loop(of_loop) {}

    const std::string pool, engine;
    const unsigned loop;
    TenantCells others;  // of all tenants without a series of their own
    std::atomic<bool> bell{false};
    std::vector<TenantOpening*> switches;  // whose credit goes elsewhere at the loop's next tick
};

class TenantAccount {
  public:
    // What keeps a seat, that is a series with the tenant's name.
    enum class Seat : std::uint8_t { none, always, trouble, top };

    TenantAccount(std::string pool_name, std::string engine_word, std::string tenant_name);

    // Takes in what has happened since the last time: how much it uses, whether it is in trouble.
    void observe(Instant now);
    void sit_down(Seat seat, Instant now);  // its events are its own from the next tick on
    void get_up(Instant now);               // they are others'; its series is still shown
    void vacate();                          // no longer shown: its counters stay as they stand
    // The pools' loops have done what they were asked for at that.
    void switched(TenantOpening& opening, Instant now);
    // A whole reading was taken: it holds the last of a tenant that got up.
    void shown() { shown_ = shown_ || settled_; }

    [[nodiscard]] TenantCells& credit(TenantDesk& desk);
    [[nodiscard]] TenantReading reading() const;
    [[nodiscard]] bool in_trouble(Instant now) const;
    [[nodiscard]] bool may_vacate(Instant now) const;
    [[nodiscard]] bool settled() const { return settled_; }
    [[nodiscard]] bool seated() const { return seat_ != Seat::none; }  // its series is shown
    [[nodiscard]] bool leaving() const { return leaving_; }            // … without being added to
    [[nodiscard]] Seat seat() const { return seat_; }
    [[nodiscard]] Instant since() const { return since_; }
    [[nodiscard]] double use() const { return use_; }  // recent, connection-seconds
    [[nodiscard]] bool has_history() const { return !own_.empty(); }

    const std::string pool, engine, tenant;
    const bool nameable;                                   // can be the value of a label
    std::vector<std::unique_ptr<TenantOpening>> openings;  // pools that live
    bool turned_away = false;   // was entitled to a seat when there was none
    std::uint64_t best_in = 0;  // the last round in which it was among the top

  private:
    void ask_loops(Instant now);

    std::map<unsigned, std::unique_ptr<TenantCells>> own_;  // by loop; never given up
    Seat seat_ = Seat::none;
    bool leaving_ = false, settled_ = false, shown_ = false;
    Instant since_{};  // when it sat down
    Instant left_{};   // when the last event was credited to it
    Instant observed_{}, trouble_{};
    bool ever_in_trouble_ = false;
    double use_ = 0;
};

}  // namespace weir::telemetry
