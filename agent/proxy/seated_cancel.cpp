#include "proxy/seated_cancel.h"

#include <thread>
#include <utility>

namespace weir::proxy {
namespace {

// The budget tells pools alone when a token comes free; a cancel is rare, and has a thread to wait.
constexpr base::Duration between_looks = std::chrono::milliseconds(20);

}  // namespace

SeatedCancel::SeatedCancel(std::shared_ptr<upstream::CancelHandle> handle,
                           std::shared_ptr<pool::Budget> budget, base::Duration limit)
    : handle_(std::move(handle)), budget_(std::move(budget)), limit_(limit) {}

bool SeatedCancel::cancel() {
    return seated([this] { return handle_->cancel(); });
}

bool SeatedCancel::kill() {
    return seated([this] { return handle_->kill(); });
}

bool SeatedCancel::seated(const std::function<bool()>& act) {
    for (const base::Instant deadline = base::Clock::now() + limit_;;) {
        const base::Instant now = base::Clock::now();
        if (const auto token = budget_->borrow_side(now)) return act();
        if (now >= deadline) return false;
        std::this_thread::sleep_for(between_looks);
    }
}

}  // namespace weir::proxy
