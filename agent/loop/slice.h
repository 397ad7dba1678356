// A reference-counted piece of a loop's receive buffers. Copying one shares the bytes; the buffer
// goes back to its loop when the last slice is gone. One loop's thread only: the count is not
// atomic. Bytes never change once a slice shows them. A slice may keep 64 KiB from being used
// again: whoever holds bytes longer than a turn or so copies them.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace weir::loop {

// The buffer behind slices; made and taken back by a loop's backend.
class Chunk {
  public:
    Chunk(const Chunk&) = delete;
    Chunk& operator=(const Chunk&) = delete;

  protected:
    Chunk() = default;
    virtual ~Chunk() = default;
    virtual void unreferenced() = 0;  // the last slice is gone

  private:
    friend class Slice;
    std::uint32_t references_ = 0;
};

class Slice {
  public:
    Slice() = default;
    Slice(Chunk& chunk, std::string_view bytes) : chunk_(&chunk), bytes_(bytes) {
        ++chunk_->references_;
    }
    Slice(const Slice& other) : chunk_(other.chunk_), bytes_(other.bytes_) {
        if (chunk_ != nullptr) ++chunk_->references_;
    }
    Slice(Slice&& other) noexcept
        : chunk_(std::exchange(other.chunk_, nullptr)), bytes_(std::exchange(other.bytes_, {})) {}
    Slice& operator=(Slice other) noexcept {
        std::swap(chunk_, other.chunk_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~Slice() {
        if (chunk_ != nullptr && --chunk_->references_ == 0) chunk_->unreferenced();
    }

    [[nodiscard]] std::string_view bytes() const { return bytes_; }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] bool empty() const { return bytes_.empty(); }
    // A part of this slice sharing its buffer. Precondition: offset <= size().
    [[nodiscard]] Slice part(std::size_t offset,
                             std::size_t length = std::string_view::npos) const {
        Slice result(*this);
        result.bytes_ = bytes_.substr(offset, length);
        return result;
    }

    // Grows by `next` where that lies right behind in the same buffer; otherwise false.
    [[nodiscard]] bool join(const Slice& next) {
        if (chunk_ == nullptr || chunk_ != next.chunk_ || bytes_.end() != next.bytes_.begin()) {
            return false;
        }
        bytes_ = {bytes_.data(), bytes_.size() + next.bytes_.size()};
        return true;
    }

  private:
    Chunk* chunk_ = nullptr;
    std::string_view bytes_;
};

}  // namespace weir::loop
