// A logged-in client at the home of its pool, whatever its engine: what the loop, the pool and the
// operators need of it. Owned by its PoolLoop, which destroys it at the end of a turn after
// finished().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "loop/loop.h"
#include "pool/waiter.h"
#include "proxy/checkout_trace.h"
#include "proxy/inspection.h"
#include "proxy/kill_order.h"
#include "proxy/newcomer.h"
#include "proxy/tenant_pool.h"
#include "telemetry/session_probe.h"

namespace weir::proxy {

class PoolLoop;
class ServerConnection;

struct IdleClientTag;

class Session : public pool::Waiter,
                public loop::StreamEvents,
                public loop::Deferred,
                public base::ListHook<IdleClientTag> {
  public:
    Session(PoolLoop& home, Newcomer newcomer, TenantPool& tenant, std::uint32_t id);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() override;

    // Greets the client, once the pool can say with what.
    virtual void begin() = 0;
    // The pool's answers to acquire(), noted now and carried out by run() at the end of the turn.
    virtual void granted(ServerConnection& server) = 0;
    virtual void refused(const pool::Refusal& refusal) = 0;
    // The client must go: it is told why in its protocol. `told_by` is the reason counted.
    virtual void dismiss(telemetry::ClientClose reason) = 0;
    // Drain: dismissed now when between transactions, else as soon as it is.
    virtual void drain() = 0;
    // The pool's connection reached a limit or is taken back; the client is told and goes.
    virtual void reclaimed(telemetry::ClientClose reason, const std::string& sqlstate,
                           const std::string& message) = 0;
    [[nodiscard]] virtual bool secret_matches(std::string_view secret) const = 0;
    virtual void cancel_requested() = 0;
    // What became of a KILL of its.
    virtual void kill_answered(KillOutcome /*outcome*/) {}

    [[nodiscard]] std::uint32_t id() const { return id_; }
    [[nodiscard]] bool finished() const { return finished_; }
    [[nodiscard]] TenantPool& tenant() const { return tenant_; }
    [[nodiscard]] const Newcomer& who() const { return who_; }
    [[nodiscard]] ServerConnection* server() const { return server_; }
    [[nodiscard]] telemetry::ClientState client_state() const { return client_state_; }
    [[nodiscard]] ClientStatus status(base::Instant now) const;
    [[nodiscard]] base::Instant state_since() const { return state_since_; }
    // Of its present checkout, for others to link to; none: there is no such, or no tracing.
    [[nodiscard]] telemetry::SpanContext span() const {
        return trace_ == nullptr ? telemetry::SpanContext() : trace_->context();
    }
    [[nodiscard]] telemetry::SpanContext evidence() const {  // for people to look up
        return trace_ == nullptr ? telemetry::SpanContext() : trace_->evidence();
    }
    void leaked(ServerConnection& server);  // it is suspected to have

  protected:
    // Its checkouts are traced from now on, where there is tracing.
    void trace_checkouts(CheckoutTrace::Redaction without_literals);
    // What became of its acquire, to be told at once.
    void trace_queued();
    void trace_refused(const pool::Refusal& refusal);
    void trace_granted(const ServerConnection& server);
    // Its connection goes back, or is gone; `error`: not as it should.
    void trace_ended(ServerConnection* server, std::string_view error = {});
    void enter(telemetry::ClientState state);
    // Counts the close and hands the object back to its loop; its stream is gone already.
    void finish(telemetry::ClientClose reason);
    void depart();  // the same without a close: its client goes on in another pool

    PoolLoop& home_;
    Newcomer who_;
    TenantPool& tenant_;
    loop::Stream* stream_ = nullptr;
    ServerConnection* server_ = nullptr;
    std::unique_ptr<CheckoutTrace> trace_;  // nullptr: no tracing
    bool finished_ = false;
    bool has_key_ = false;  // a use of `key` was taken

  private:
    const std::uint32_t id_;
    telemetry::ClientState client_state_ = telemetry::ClientState::login;
    base::Instant state_since_;
    telemetry::SessionProbe& probe_;
};

}  // namespace weir::proxy
