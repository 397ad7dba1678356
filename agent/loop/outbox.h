// What one stream has still to send. Whole slices wait by reference until the end of the turn; what
// the kernel does not take then is copied, so that a slow reader holds no receive buffer. Streams
// share a few of them: an idle stream has none. The loop's thread only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "loop/chunks.h"
#include "loop/slice.h"

namespace weir::loop {

class Outbox {
  public:
    enum class Outcome { sent, blocked, failed };  // failed: errno says why

    void push(Slice bytes);
    void push(std::string_view text, Chunks& chunks);
    [[nodiscard]] std::size_t size() const { return size_; }

    // Offers everything to the kernel: one system call unless there are more pieces than one takes.
    Outcome send(int fd);

    // Everything unsent, which is forgotten.
    [[nodiscard]] std::string take();
    // Moves the first bytes to `data`; how many. Not in between sends.
    [[nodiscard]] std::size_t take(char* data, std::size_t most);
    void clear() {
        if (!pieces_.empty() || !backlog_.empty()) forget();
    }

  private:
    static constexpr std::size_t pieces_a_call = 64;
    // Capacity that survives clear().
    static constexpr std::size_t pieces_kept = 512;
    static constexpr std::size_t backlog_kept = std::size_t{128} * 1024;  // bytes

    Outcome send_backlog(int fd);
    Outcome send_pieces(int fd);
    void copy_rest();
    void forget();

    std::vector<Slice> pieces_;  // empty while there is a backlog
    std::size_t first_ = 0;      // of pieces_ not wholly sent
    std::string backlog_;
    std::size_t backlog_sent_ = 0;
    std::size_t size_ = 0;
};

}  // namespace weir::loop
