#include "wire/postgresql/asked_queue.h"

#include <cassert>
#include <utility>

namespace weir::wire::postgresql {

void AskedQueue::grow() {
    std::vector<std::uint32_t> larger((mask_ + 1) * 2);
    for (std::size_t i = 0; i < count_; ++i) larger[i] = ring()[(head_ + i) & mask_];
    grown_ = std::move(larger);
    mask_ = grown_.size() - 1;
    head_ = 0;
}

void AskedQueue::remove(std::size_t index) {
    assert(index < count_);
    for (std::size_t i = index; i > 0; --i) {
        ring()[(head_ + i) & mask_] = ring()[(head_ + i - 1) & mask_];
    }
    pop();
}

}  // namespace weir::wire::postgresql
