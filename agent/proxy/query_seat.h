// The seat of an auth.query connection in its upstream's budget: an account like a pool's, of
// weight 1 and with one connection at most, so that a full server gives it its turn, and takes the
// seat back when nobody has logged in for a while. Used by the query's thread; the budget reaches
// it from any. Outlives all loops, because they may have word for it under way.
#pragma once

#include <functional>
#include <mutex>

#include "pool/budget.h"
#include "upstream/role_query.h"

namespace weir::proxy {

class QuerySeat final : public upstream::Seat, pool::Port {
  public:
    explicit QuerySeat(pool::Budget& budget);
    ~QuerySeat() override;
    QuerySeat(const QuerySeat&) = delete;
    QuerySeat& operator=(const QuerySeat&) = delete;

    // Called, on any thread, when there may be a seat or it may be wanted back; empty: nobody is.
    void notify(std::function<void()> moved);

    // -- Seat
    bool take() override;
    void connected(base::Duration took) override;
    void not_connected(bool server_full) override;
    void rest(bool resting) override;
    bool wanted_back() override;
    void closing() override;
    void closed() override;

  private:
    enum class State : std::uint8_t { none, wanted, dialing, held, closing };
    void post(base::Task task) override;

    pool::Budget& budget_;
    pool::Account account_;
    State state_ = State::none;
    std::mutex mutex_;  // guards moved_
    std::function<void()> moved_;
};

}  // namespace weir::proxy
