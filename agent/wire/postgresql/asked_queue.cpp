#include "wire/postgresql/asked_queue.h"

#include <cassert>
#include <utility>

namespace weir::wire::postgresql {

void AskedQueue::push(Asked asked) {
    if (count_ == capacity()) {
        std::vector<std::uint32_t> larger(capacity() * 2);
        for (std::size_t i = 0; i < count_; ++i) {
            larger[i] = ring()[(head_ + i) & (capacity() - 1)];
        }
        grown_ = std::move(larger);
        head_ = 0;
    }
    const auto type = std::uint32_t{static_cast<unsigned char>(asked.type)};
    assert((type & hidden_bit) == 0 && asked.note >> (32 - note_at) == 0);
    ring()[(head_ + count_) & (capacity() - 1)] =
        asked.note << note_at | (asked.hidden ? hidden_bit : 0) | type;
    ++count_;
}

void AskedQueue::pop() {
    assert(count_ > 0);
    head_ = (head_ + 1) & (capacity() - 1);
    --count_;
}

void AskedQueue::remove(std::size_t index) {
    assert(index < count_);
    const std::size_t mask = capacity() - 1;
    for (std::size_t i = index; i > 0; --i) {
        ring()[(head_ + i) & mask] = ring()[(head_ + i - 1) & mask];
    }
    pop();
}

}  // namespace weir::wire::postgresql
