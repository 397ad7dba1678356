// What an agent and its successor tell each other at a restart, as messages on a channel. First
// the predecessor's sockets and `begin`; `ready` says that the successor needs only the admin port;
// with `serve` the predecessor has stepped aside, and at `serving` it leaves. Until it ends it says
// how many connections it keeps, and is sent the cancels that are for its clients. Any thread may
// send; one receives.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "base/words.h"
#include "loop/channel.h"

namespace weir::proxy {

using KeptConnections = std::map<std::string, unsigned>;  // by the upstream's name

struct HandoverMessage {
    enum class Kind : std::uint8_t { socket, begin, ready, failed, serve, serving, kept, cancel };

    Kind kind = Kind::socket;
    std::string text{};        // socket: the configured address; failed: why; cancel: the secret
    std::uint32_t number = 0;  // begin: the successor's generation; cancel: the process id
    bool owns_file = false;    // socket: its file on disk is ours to remove
    KeptConnections kept{};    // serve, kept
    base::Fd descriptor{};     // socket
};

class Handover {
  public:
    // Both ends of a new channel.
    [[nodiscard]] static base::Result<std::pair<Handover, Handover>> pair();
    // Of an inherited descriptor; nothing when it is not the end of a channel.
    [[nodiscard]] static std::optional<Handover> adopt(int descriptor);

    // False when it can't be told; the descriptor stays with the caller.
    bool send(const HandoverMessage& message) const;
    // The next message that is here; one that can't be read, of a newer version, is passed over.
    [[nodiscard]] std::optional<HandoverMessage> receive();
    // As receive(), but waits. Nothing: the other side is gone, or it took too long.
    [[nodiscard]] std::optional<HandoverMessage> await(base::Instant deadline);
    [[nodiscard]] bool closed() const { return channel_.closed(); }
    [[nodiscard]] int fd() const { return channel_.fd(); }

  private:
    explicit Handover(loop::Channel channel) : channel_(std::move(channel)) {}

    loop::Channel channel_;
};

}  // namespace weir::proxy

template <>
struct weir::base::Words<weir::proxy::HandoverMessage::Kind> {
    static constexpr std::array<std::string_view, 8> all{"socket", "begin",   "ready", "failed",
                                                         "serve",  "serving", "kept",  "cancel"};
};
