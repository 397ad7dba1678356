// Bytes to and from a server on a connected, non-blocking descriptor, plain or under TLS: what is
// said is sent as the descriptor takes it, what is heard is kept. Part of a connect under way,
// until the connection is given away. The dial thread only; it waits for nothing.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "loop/tls.h"

namespace weir::upstream {

class RedisConversation {
  public:
    enum class Outcome : std::uint8_t { goes_on, ended, tls_failed };

    // `tls`: its handshake is still to come; nullptr: plain.
    RedisConversation(base::Fd connection, std::unique_ptr<loop::Tls> tls)
        : fd_(std::move(connection)), tls_(std::move(tls)) {}

    void say(std::string_view bytes) { unsaid_ += bytes; }
    // Sends and receives as much as goes without waiting. `ended`: by the peer; what it said before
    // is heard.
    [[nodiscard]] Outcome advance();
    [[nodiscard]] short events() const;  // poll(2)'s
    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] std::string& heard() { return heard_; }
    // In the handshake, or before; a plain one never is.
    [[nodiscard]] bool shaking_hands() const { return tls_ != nullptr && !tls_->ready(); }
    [[nodiscard]] std::string failure() const;  // why TLS failed

    [[nodiscard]] base::Fd take_fd() { return std::move(fd_); }
    [[nodiscard]] std::unique_ptr<loop::Tls> take_tls() { return std::move(tls_); }

  private:
    [[nodiscard]] bool receive();  // false: the peer has ended
    [[nodiscard]] bool open();     // false: TLS failed
    [[nodiscard]] bool send();

    base::Fd fd_;
    std::unique_ptr<loop::Tls> tls_;
    std::string unsaid_;  // plain
    std::string unsent_;  // as it goes over the wire
    std::string heard_;
};

}  // namespace weir::upstream
