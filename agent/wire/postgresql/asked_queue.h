// The messages sent to a server and not answered yet, oldest first: a ring of a word each that
// lives in its owner and takes memory of its own only for pipelines of more than sixteen messages;
// that it keeps, so that a steady load never allocates.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::wire::postgresql {

struct Asked {
    char type = 0;
    bool hidden = false;     // ours: its replies are swallowed
    std::uint32_t note = 0;  // its owner's, below 2^24; 0: none
};

class AskedQueue {
  public:
    [[nodiscard]] bool empty() const { return count_ == 0; }
    [[nodiscard]] std::size_t size() const { return count_; }
    // Precondition of both: there is such an entry.
    [[nodiscard]] Asked front() const { return at(0); }
    [[nodiscard]] Asked at(std::size_t index) const {
        const std::uint32_t packed = ring()[(head_ + index) & mask_];
        return {static_cast<char>(packed & 0x7fU), (packed & hidden_bit) != 0, packed >> note_at};
    }

    // Types are ASCII, so that the top bit of their byte is free for `hidden`.
    void push(Asked asked) {
        if (count_ > mask_) grow();
        const auto type = std::uint32_t{static_cast<unsigned char>(asked.type)};
        assert((type & hidden_bit) == 0 && asked.note >> (32 - note_at) == 0);
        ring()[(head_ + count_) & mask_] =
            asked.note << note_at | (asked.hidden ? hidden_bit : 0) | type;
        ++count_;
    }
    void pop() {  // precondition: not empty
        assert(count_ > 0);
        head_ = (head_ + 1) & mask_;
        --count_;
    }
    void remove(std::size_t index);  // rare: shifts the older entries
    void clear() { head_ = count_ = 0; }

  private:
    static constexpr std::uint32_t hidden_bit = 0x80;
    static constexpr unsigned note_at = 8;
    [[nodiscard]] const std::uint32_t* ring() const {
        return grown_.empty() ? inline_.data() : grown_.data();
    }
    [[nodiscard]] std::uint32_t* ring() { return grown_.empty() ? inline_.data() : grown_.data(); }
    void grow();

    std::array<std::uint32_t, 16> inline_{};
    std::vector<std::uint32_t> grown_;
    std::size_t mask_ = inline_.size() - 1;  // of the ring, whose size is a power of two
    std::size_t head_ = 0;
    std::size_t count_ = 0;
};

}  // namespace weir::wire::postgresql
