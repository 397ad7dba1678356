// A server connection on its home loop, whatever its engine: its stream, its closing, its identity.
// The pool decides about it through its base; the engine's class speaks its protocol. Owned by its
// PoolLoop, which destroys it at the end of the turn in which its close was complete.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "loop/loop.h"
#include "pool/server.h"
#include "proxy/inspection.h"
#include "proxy/tenant_pool.h"
#include "telemetry/span.h"
#include "upstream/dialer.h"

namespace weir::proxy {

class PoolLoop;
class Session;

struct ChoreTag;

class ServerConnection : public pool::Server,
                         public loop::StreamEvents,
                         public base::ListHook<ChoreTag> {
  public:
    // A server that does not end its side within this long is given up.
    static constexpr base::Duration closing_limit = std::chrono::seconds(5);
    // Checks, roll-backs and resets must be answered within this long.
    static constexpr base::Duration chore_limit = std::chrono::seconds(5);

    ServerConnection(PoolLoop& home, TenantPool& tenant, pool::CompatibilityKey dialed_with,
                     upstream::Established& established, std::uint32_t id);
    ServerConnection(const ServerConnection&) = delete;
    ServerConnection& operator=(const ServerConnection&) = delete;
    ~ServerConnection() override;

    // -- what the pool asks, through its host
    virtual void check() = 0;  // answer: Pool::checked()
    void begin_close();        // answer: Pool::closed()

    // Takes the connection back from a holder that leaked it or passed a limit.
    virtual void reclaim(bool keep_connection, telemetry::ClientClose reason,
                         const std::string& sqlstate, const std::string& message) = 0;
    // What the pool's deadline for a chore or for closing means; called by the tick.
    void chore_overdue();
    void cancel_answered(bool delivered);

    [[nodiscard]] std::uint32_t id() const { return id_; }
    [[nodiscard]] int backend_pid() const { return backend_pid_; }
    // Of the server, as the configuration writes it.
    [[nodiscard]] const std::string& address() const { return address_; }
    // The last checkout that ended here, or the dial before there was one; none: nobody sees it.
    [[nodiscard]] const telemetry::SpanContext& left_by() const { return left_by_; }
    void set_left_by(const telemetry::SpanContext& context) { left_by_ = context; }
    [[nodiscard]] virtual Session* holder() const = 0;
    [[nodiscard]] virtual std::string last_statement() const = 0;  // literals removed
    [[nodiscard]] virtual std::string held_state() const = 0;      // "idle in transaction", …
    [[nodiscard]] ServerStatus status(base::Instant now) const;
    [[nodiscard]] LeakStatus leak(base::Instant now) const;
    [[nodiscard]] base::Instant deadline() const { return deadline_; }
    [[nodiscard]] TenantPool& tenant() const { return tenant_; }

  protected:
    virtual void say_goodbye() = 0;  // the protocol's farewell, written to the stream
    // The peer ended or broke the connection; not told while closing.
    virtual void lost(int error, bool ended_cleanly) = 0;

    void end_of_input() final;
    void closed(int error) final;
    void chore_began(base::Duration limit = chore_limit);  // a deadline runs
    // The chore's deadline has passed; true when another chore has begun instead.
    [[nodiscard]] virtual bool chore_late() = 0;
    void chore_ended();
    // Cancels what runs now; cancel_delivered() follows, whether it worked or not.
    void deliver_cancel();
    virtual void cancel_delivered(bool delivered) = 0;
    [[nodiscard]] bool cancel_under_way() const { return cancels_under_way_ > 0; }

    PoolLoop& home_;
    TenantPool& tenant_;
    loop::Stream* stream_ = nullptr;
    std::optional<std::uint64_t> acknowledged_at_loss_;  // known once the stream has closed
    bool closing_ = false;
    bool input_ended_ = false;

  private:
    void gone();

    const std::uint32_t id_;
    const int backend_pid_;
    std::shared_ptr<upstream::CancelHandle> cancel_;
    unsigned cancels_under_way_ = 0;
    const std::string& address_;  // one of its home's
    telemetry::SpanContext left_by_;
    base::Instant deadline_{};
};

}  // namespace weir::proxy
