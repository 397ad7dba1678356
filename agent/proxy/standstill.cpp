#include "proxy/standstill.h"

namespace weir::proxy {

bool Standstill::stand() {
    std::unique_lock lock(mutex_);
    ++standing_;
    moved_.notify_all();
    moved_.wait(lock, [this] { return phase_ != Phase::gathering; });
    return phase_ == Phase::changed;
}

void Standstill::done() {
    const std::scoped_lock lock(mutex_);
    ++done_;
    moved_.notify_all();
}

bool Standstill::run(base::Duration patience, const std::function<void()>& change) {
    std::unique_lock lock(mutex_);
    const bool all = moved_.wait_for(lock, patience, [this] { return standing_ == expected_; });
    if (all) change();
    phase_ = all ? Phase::changed : Phase::given_up;
    moved_.notify_all();
    if (all) moved_.wait(lock, [this] { return done_ == expected_; });
    return all;
}

}  // namespace weir::proxy
