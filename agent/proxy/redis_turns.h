// Whose replies come next on a Redis server connection: its turns, oldest first. A ring that keeps
// its room, so that commands that come and go need no memory. Owned by its connection, on its home
// loop.
#pragma once

#include <cassert>
#include <cstddef>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace weir::proxy {

class RedisSession;

// Replies to one client, next to each other.
struct RedisTurn {
    RedisSession* client = nullptr;  // nullptr: ours, or of one that has gone
    unsigned replies = 0;
    bool muted = false;     // the client wants none of them: CLIENT REPLY
    base::Instant since{};  // sent
    // When the transaction began that ends with the last of these.
    std::optional<base::Instant> transaction{};
    // With the last of these a sharer that has gone is done, who came then.
    std::optional<base::Instant> parts{};
};

class RedisTurns {
  public:
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] RedisTurn& operator[](std::size_t i) {
        assert(i < size_);
        return ring_[(first_ + i) & (ring_.size() - 1)];
    }
    [[nodiscard]] RedisTurn& front() { return (*this)[0]; }
    [[nodiscard]] RedisTurn& back() { return (*this)[size_ - 1]; }
    [[nodiscard]] RedisSession* next() const {
        return size_ == 0 ? nullptr : ring_[first_ & (ring_.size() - 1)].client;
    }

    void push_back(const RedisTurn& turn) {
        if (size_ == ring_.size()) grow();
        ring_[(first_ + size_) & (ring_.size() - 1)] = turn;
        ++size_;
    }
    void pop_front() {
        assert(size_ > 0);
        first_ = (first_ + 1) & (ring_.size() - 1);
        --size_;
    }
    void clear() { size_ = 0; }

  private:
    void grow() {  // always a power of two
        std::vector<RedisTurn> larger(ring_.empty() ? 8 : ring_.size() * 2);
        for (std::size_t i = 0; i < size_; ++i) larger[i] = (*this)[i];
        ring_ = std::move(larger);
        first_ = 0;
    }

    std::vector<RedisTurn> ring_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

}  // namespace weir::proxy
