// Two processes' way to talk: packets that keep their borders, with at most one descriptor each. A
// pair of connected unix sockets, one end of which a child inherits. Any thread may send; one
// receives. No call waits but wait().
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace weir::loop {

class Channel {
  public:
    static constexpr std::size_t longest = 64 * 1024;  // a packet's bytes

    struct Packet {
        std::string bytes;
        base::Fd descriptor;  // close-on-exec here
    };

    // Both ends; they close on exec.
    [[nodiscard]] static base::Result<std::pair<Channel, Channel>> pair();
    // Of an inherited descriptor, which from now on closes on exec; nothing when it is not the end
    // of a channel.
    [[nodiscard]] static std::optional<Channel> adopt(int descriptor);

    // False when the other end is gone, takes no more just now, or the packet is too long.
    [[nodiscard]] bool send(std::string_view bytes, int descriptor = -1) const;
    // The next packet that is here. Nothing: none is; or, with closed(), none will ever be.
    [[nodiscard]] std::optional<Packet> receive();
    void wait(base::Instant deadline) const;  // until there is something to receive
    [[nodiscard]] bool closed() const { return closed_; }
    [[nodiscard]] int fd() const { return socket_.get(); }

  private:
    explicit Channel(base::Fd socket) : socket_(std::move(socket)) {}

    base::Fd socket_;
    bool closed_ = false;
};

}  // namespace weir::loop
