#include "loop/chunks.h"

#include <array>
#include <cstring>

namespace weir::loop {

class Chunks::Buffer final : public Chunk, public base::ListHook<ListTag> {
  public:
    // The bytes are left as they are: clearing them would touch pages that may never be used.
    explicit Buffer(Chunks& home)
        : home_(&home) {}  // NOLINT(cppcoreguidelines-pro-type-member-init): see above

    void unreferenced() override {
        if (home_ == nullptr) {
            delete this;
        } else {
            home_->give_back(*this);
        }
    }
    void orphan() { home_ = nullptr; }

    std::size_t used = 0;  // more than 0 exactly while slices show something
    std::array<char, chunk_size> bytes;

  private:
    Chunks* home_;
};

Chunks::~Chunks() {
    while (Buffer* buffer = spare_.pop_front()) delete buffer;
    while (Buffer* buffer = shown_.pop_front()) buffer->orphan();
}

Chunks::Room Chunks::room() {
    need(least_room);
    return {current_->bytes.data() + current_->used, chunk_size - current_->used};
}

Slice Chunks::take(std::size_t size) {
    assert(current_ != nullptr && size > 0 && current_->used + size <= chunk_size);
    Buffer& buffer = *current_;
    if (buffer.used == 0) {
        spare_.erase(buffer);
        shown_.push_back(buffer);
    }
    const char* start = buffer.bytes.data() + buffer.used;
    buffer.used += size;
    return {buffer, {start, size}};
}

Slice Chunks::copy(std::string_view text) {
    assert(!text.empty() && text.size() <= chunk_size);
    need(text.size());
    std::memcpy(current_->bytes.data() + current_->used, text.data(), text.size());
    return take(text.size());
}

void Chunks::need(std::size_t size) {
    if (current_ != nullptr && chunk_size - current_->used >= size) return;
    if (spare_.empty()) spare_.push_front(*new Buffer(*this));
    current_ = &spare_.front();
}

// The chunk given back last is the one most likely still in the processor's cache: it goes first.
// The current one starts again from its beginning.
void Chunks::give_back(Buffer& buffer) {
    buffer.used = 0;
    shown_.erase(buffer);
    if (spare_.size() >= most_spare) {
        if (&buffer != current_) {
            delete &buffer;
            return;
        }
        Buffer& coldest = spare_.back();
        spare_.erase(coldest);
        delete &coldest;
    }
    spare_.push_front(buffer);
}

}  // namespace weir::loop
