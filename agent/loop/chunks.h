// The buffers one loop receives into: 64 KiB chunks that many streams of a turn share, taken from a
// bounded stock. Owned by the loop, its thread only. Slices may outlive it: chunks still shown then
// free themselves.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/intrusive_list.h"
#include "loop/slice.h"

namespace weir::loop {

class Chunks {
  public:
    static constexpr std::size_t chunk_size = std::size_t{64} * 1024;
    static constexpr std::size_t least_room = std::size_t{16} * 1024;  // for one receive
    static constexpr std::size_t most_spare = 32;  // chunks kept when nobody needs them

    struct Room {
        char* data;
        std::size_t size;
    };

    Chunks() = default;
    ~Chunks();
    Chunks(const Chunks&) = delete;
    Chunks& operator=(const Chunks&) = delete;

    // Where the next bytes may be received: at least least_room, until the next call of a member.
    [[nodiscard]] Room room();
    // The first `size` bytes of what room() gave. Precondition: 0 < size <= that room's size.
    [[nodiscard]] Slice take(std::size_t size);
    // A copy of `text`. Precondition: not empty, at most chunk_size.
    [[nodiscard]] Slice copy(std::string_view text);

    [[nodiscard]] std::size_t shown() const { return shown_.size(); }  // chunks that slices hold
    [[nodiscard]] std::size_t spare() const { return spare_.size(); }

  private:
    struct ListTag;
    class Buffer;

    void need(std::size_t size);
    void give_back(Buffer& buffer);

    Buffer* current_ = nullptr;  // in spare_ while nothing of it is shown, else in shown_
    base::List<Buffer, ListTag> shown_;
    base::List<Buffer, ListTag> spare_;
};

}  // namespace weir::loop
