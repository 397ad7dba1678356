// A connected byte stream as its loop shows it: completion-shaped, so that epoll and io_uring both
// fit behind it. Owned by the loop; a user holds a reference until it calls close() or detach() or
// is told closed(), and must not use it afterwards. The loop's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "loop/slice.h"
#include "loop/tls.h"

namespace weir::loop {

// Keeps a stream's descriptor open and closes it when destroyed: a plain socket, or a client
// library's handle around it. Destroyed on the loop's thread when the stream has died.
class FdOwner {
  public:
    virtual ~FdOwner() = default;
    [[nodiscard]] virtual int fd() const = 0;
};
[[nodiscard]] std::unique_ptr<FdOwner> own(base::Fd fd);

// What a stream tells its user. A handler may call any stream's methods, its own included; nothing
// is destroyed inside a callback. After close() no callback comes.
class StreamEvents {
  public:
    virtual ~StreamEvents() = default;
    virtual void received(Slice bytes) = 0;  // never empty
    virtual void end_of_input() = 0;         // the peer half-closed; writing still works; once
    virtual void
    drained() = 0;  // unsent() fell to resume_mark or less after it had passed pause_mark
    // The connection is gone (errno value, 0 when unknown): the last callback; unsent bytes are
    // lost. EPROTO: TLS failed, the stream's tls() still says why.
    virtual void closed(int error) = 0;
};

// What detach() yields: everything another loop needs to go on with the connection. Can be sent to
// another thread.
struct Detached {
    std::unique_ptr<FdOwner> owner;
    std::string unread;  // received by the loop but not yet told
    std::string unsent;  // written, encrypted under TLS, but not yet accepted by the kernel
    bool input_ended = false;
    std::unique_ptr<Tls> tls;  // nullptr: plain. Its handshake is complete
};

class DetachDone {
  public:
    virtual ~DetachDone() = default;
    virtual void detached(Detached) = 0;
};

class Stream {
  public:
    // Back-pressure marks, bytes unsent: a relay pauses its source above the first and resumes it
    // at or below the second.
    static constexpr std::size_t pause_mark = std::size_t{64} * 1024;
    static constexpr std::size_t resume_mark = std::size_t{16} * 1024;

    // Queue bytes; they leave once, together, at the end of the turn. Neither fails nor calls back:
    // a dead peer shows as closed() later. The slice is kept by reference, text is copied. After
    // shutdown_write() they are dropped.
    virtual void write(Slice bytes) = 0;
    virtual void write(std::string_view text) = 0;
    [[nodiscard]] virtual std::size_t unsent() const = 0;

    // A request: bytes that are under way already may still arrive once. end_of_input() and
    // closed() are told while paused only if the backend comes to know of them.
    virtual void pause_receive() = 0;
    virtual void resume_receive() = 0;

    // Sends what is unsent, then FIN; receiving goes on until the peer's end_of_input().
    virtual void shutdown_write() = 0;
    // Drops what is unsent. No callback comes any more; the stream and its FdOwner die at the end
    // of this turn, or of a later one where the kernel still holds an operation of the stream's.
    virtual void close() = 0;
    // Sends what is unsent, half-closes, discards what arrives and dies with the peer's end of file
    // or after `linger_limit`, so that an error message is not lost to a reset. No callback comes.
    virtual void close_after_flush() = 0;

    // Gives the connection away. Asynchronous: `done` is told at the end of the turn or later,
    // never inside this call; no other callback comes after the call. The stream dies. Loop::open()
    // goes on with what `done` gets. Not after shutdown_write(). A loop that stops first never
    // tells it.
    virtual void detach(std::unique_ptr<DetachDone> done) = 0;

    // From here on bytes are those inside of TLS. What was written before leaves as it is;
    // `ciphertext` was received already and begins the handshake, which needs nothing of the user:
    // what it writes meanwhile is sent afterwards. A close_notify is told as end_of_input(), as is
    // an end of file without one: databases' protocols say themselves where they end. Once.
    virtual void start_tls(std::unique_ptr<Tls> tls, std::string_view ciphertext) = 0;
    [[nodiscard]] virtual const Tls* tls() const = 0;  // nullptr: plain

    virtual void set_events(StreamEvents& events) = 0;

    // Bytes of ours that the peer's kernel acknowledged since the connection began (a dialed one
    // counts its SYN as one): compare two readings. Nothing on unix sockets. A system call.
    [[nodiscard]] virtual std::optional<std::uint64_t> acknowledged_bytes() const = 0;
    // To name or tune the socket, never to read, write, poll or close it.
    [[nodiscard]] virtual int fd() const = 0;

  protected:
    ~Stream() = default;
};

}  // namespace weir::loop
