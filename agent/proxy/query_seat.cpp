#include "proxy/query_seat.h"

#include <cassert>
#include <utility>

namespace weir::proxy {
namespace {

constexpr const char* group_name = "(auth.query)";  // the name of no pool

base::Instant now() { return base::Clock::now(); }

}  // namespace

QuerySeat::QuerySeat(pool::Budget& budget)
    : budget_(budget), account_(budget.group(group_name, 0), 1, *this, {}, 0, group_name) {}

QuerySeat::~QuerySeat() { budget_.close(account_, now()); }

void QuerySeat::notify(std::function<void()> moved) {
    const std::scoped_lock lock(mutex_);
    moved_ = std::move(moved);
}

// Whatever the message says, want() tells all there is.
void QuerySeat::post(base::Task /*task*/) {
    const std::scoped_lock lock(mutex_);
    if (moved_) moved_();
}

bool QuerySeat::take() {
    assert(state_ == State::none || state_ == State::wanted);
    state_ = budget_.want(account_, 1, now()).tokens > 0 ? State::dialing : State::wanted;
    return state_ == State::dialing;
}

void QuerySeat::connected(base::Duration took) {
    assert(state_ == State::dialing);
    state_ = State::held;
    budget_.dialed(account_, took, now());
    budget_.limit_recalls(account_, 0, now());
}

void QuerySeat::not_connected(bool server_full) {
    if (state_ == State::wanted) {
        static_cast<void>(budget_.want(account_, 0, now()));
    } else if (server_full) {
        budget_.too_many(account_, now());
    } else {
        budget_.dial_failed(account_, now());
    }
    state_ = State::none;
}

void QuerySeat::rest(bool resting) {
    assert(state_ == State::held);
    account_.idle_count(resting ? 1 : 0);
    if (resting) {
        account_.coldest_idle(now());
    } else {
        account_.none_idle();
    }
    budget_.limit_recalls(account_, resting ? 1 : 0, now());
}

bool QuerySeat::wanted_back() {
    if (budget_.want(account_, 0, now()).owed == 0) return false;
    if (!budget_.surrender(account_, now())) return false;
    state_ = State::closing;
    return true;
}

void QuerySeat::closing() {
    if (state_ == State::held) budget_.closing(account_, now());
    state_ = State::closing;
}

void QuerySeat::closed() {
    account_.idle_count(0);
    account_.none_idle();
    budget_.closed(account_, now());
    state_ = State::none;
}

}  // namespace weir::proxy
