#include "proxy/succession.h"

#include <unistd.h>

#include <utility>

namespace weir::proxy {

Outcome<void> Succession::request() {
    const std::scoped_lock lock(mutex_);
    if (status_.starting || !refusal_.empty()) {
        return tl::make_unexpected(Refused{
            Refused::Kind::busy, status_.starting ? "a restart is under way already" : refusal_});
    }
    requested_ = true;
    status_.starting = true;
    status_.error.clear();
    return {};
}

SuccessionStatus Succession::status() const {
    const std::scoped_lock lock(mutex_);
    SuccessionStatus status = status_;
    status.process = ::getpid();
    return status;
}

bool Succession::take_request() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(requested_, false);
}

void Succession::refuse_for(std::string reason) {
    const std::scoped_lock lock(mutex_);
    refusal_ = std::move(reason);
}

void Succession::failed(std::string why) {
    const std::scoped_lock lock(mutex_);
    status_.starting = false;
    status_.error = std::move(why);
}

void Succession::predecessor(int process) {
    const std::scoped_lock lock(mutex_);
    status_.predecessor = process;
}

}  // namespace weir::proxy
