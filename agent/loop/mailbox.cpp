#include "loop/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace weir::loop {

Mailbox::Mailbox() : wakeup_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (!wakeup_) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void Mailbox::post(base::Task task) {
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return;
        posted_.push_back(std::move(task));
        if (posted_.size() > 1) return;  // whoever came first woke the loop
    }
    wake();
}

void Mailbox::wake() {
    // It can only fail because the counter is full, and then it is readable already.
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wakeup_.get(), &one, sizeof one);
}

void Mailbox::deliver() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t read = ::read(wakeup_.get(), &count, sizeof count);
    {
        const std::lock_guard lock(mutex_);
        delivered_.swap(posted_);
    }
    for (base::Task& task : delivered_) {
        task();
        task = {};
    }
    delivered_.clear();
}

void Mailbox::close() {
    std::vector<base::Task> dropped;
    const std::lock_guard lock(mutex_);
    closed_ = true;
    dropped.swap(posted_);
}

}  // namespace weir::loop
