// The messages sent to a server and not answered yet, oldest first: a ring of a word each that
// lives in its owner and takes memory of its own only for pipelines of more than sixteen messages;
// that it keeps, so that a steady load never allocates.
#pragma once

#include <array>
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
        const std::uint32_t packed = ring()[(head_ + index) & (capacity() - 1)];
        return {static_cast<char>(packed & 0x7fU), (packed & hidden_bit) != 0, packed >> note_at};
    }

    // Types are ASCII, so that the top bit of their byte is free for `hidden`.
    void push(Asked asked);
    void pop();                      // precondition: not empty
    void remove(std::size_t index);  // rare: shifts the older entries
    void clear() { head_ = count_ = 0; }

  private:
    static constexpr std::uint32_t hidden_bit = 0x80;
    static constexpr unsigned note_at = 8;
    [[nodiscard]] const std::uint32_t* ring() const {
        return grown_.empty() ? inline_.data() : grown_.data();
    }
    [[nodiscard]] std::uint32_t* ring() { return grown_.empty() ? inline_.data() : grown_.data(); }
    [[nodiscard]] std::size_t capacity() const {  // a power of two
        return grown_.empty() ? inline_.size() : grown_.size();
    }

    std::array<std::uint32_t, 16> inline_{};
    std::vector<std::uint32_t> grown_;
    std::size_t head_ = 0;
    std::size_t count_ = 0;
};

}  // namespace weir::wire::postgresql
