// The trace of one client's checkouts: from its wish for a connection to the connection's release,
// one span each, with what happened in between beneath it. Told by the session on its loop; there
// is none while tracing is off. A checkout that nobody will see costs it a random number and a few
// stores: ids are made when somebody asks for them, spans when it is known that they are exported.
//
// Whose trace it is may be said late, by the first statement that has a comment: until then ids are
// open, unless somebody was given them. A parent that comes after that becomes a link.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "pool/waiter.h"
#include "telemetry/exemplars.h"
#include "telemetry/tracer.h"
#include "wire/trace_parent.h"

namespace weir::proxy {

class PoolLoop;
class ServerConnection;
class TenantPool;

class CheckoutTrace {
  public:
    // `without_literals`: the engine's way to show a statement; nullptr: what it is given is a
    // command's name.
    using Redaction = std::string (*)(std::string_view sql, std::size_t limit);
    CheckoutTrace(PoolLoop& home, TenantPool& tenant, Redaction without_literals);

    // -- the way to a connection
    // The client wants one. No effect while a checkout goes on, on another connection perhaps.
    void asked(base::Instant now) {
        if (open_) return;
        open_ = times_only_ = true;
        granted_ = false;
        cause_.reset();
        asked_at_ = granted_at_ = now;
        longest_query_ = base::Duration(-1);
        const bool sampled = tracer_.samples_next();
        if (sampled || standing_ || tracer_.follows_queries()) begin(sampled);
    }
    void queued(std::size_t position, telemetry::WaitCause cause);
    // `source`: nothing: it shares a connection that others use, of which the pool does not say it.
    void granted(const ServerConnection& server, const std::string& address,
                 std::optional<telemetry::ServedSource> source, base::Instant now) {
        if (!open_) return;
        granted_ = true;
        granted_at_ = now;
        address_ = &address;
        source_ = source.value_or(telemetry::ServedSource::idle);
        if (now > asked_at_) waited(server, !source, now);
    }
    void refused(const pool::Refusal& refusal, base::Instant now);
    // The checkout is over, and with it the client's hold on `server` (nullptr: it is gone, or
    // there was none). `error`: why it ended otherwise than it should; empty: it did not.
    void ended(ServerConnection* server, std::string_view error, base::Instant now);
    // The same for one that ended as it should, with its connection.
    void released(ServerConnection& server, base::Instant now);

    // -- whose trace it is
    void said(const wire::TraceComment& whose);
    void mentioned(const wire::TraceParent& whose);  // it has to do with this one, too
    // For all checkouts whose statements say nothing; the present one as well. Nothing: no more.
    void set_standing(std::optional<wire::TraceComment> whose);
    // Its parent is under way.
    void expects_sampled() {
        likely_ = open_;
        times_only_ = false;
    }
    // Being held for long is what it is for.
    void meant_to_wait() {
        waits_ = open_;
        times_only_ = false;
    }

    // -- its queries, answered in the order in which they began
    void query_began(base::Instant now, unsigned replies = 1);
    void query_text(std::string_view text);  // of the one that began last
    void query_failed(std::string_view code);
    void query_ended(base::Duration took, base::Instant now) {
        if (took > longest_query_) longest_query_ = took;
        if (statements_) query_answered(now);
    }
    void nothing_outstanding() {
        if (statements_) skip_nothing();
    }

    void leaked(ServerConnection& server, base::Instant now);

    [[nodiscard]] const std::optional<wire::TraceComment>& standing() const { return standing_; }
    [[nodiscard]] bool sampled() const { return open_ && sampled_; }
    // Its queries are, or may become, spans: each is to be told of. Else only whose trace it is.
    [[nodiscard]] bool follows_queries() const { return sampled_ || statements_; }
    // What is executed would be shown.
    [[nodiscard]] bool wants_text() const { return open_ && sampled_ && statements_; }
    // Whom others link to; none: there is no checkout.
    [[nodiscard]] telemetry::SpanContext context();
    // What people may look up; none where nothing is exported, or it is not settled whose trace it
    // is: looking changes nothing.
    [[nodiscard]] telemetry::SpanContext evidence();

  private:
    struct Query {
        base::Instant began{};
        unsigned replies = 1;  // that it has
        std::string summary, text, verb, code;
    };
    static constexpr std::size_t most_queries = 64;  // outstanding
    static constexpr std::size_t most_waiting = 16;  // finished queries of which it is open whose
    static constexpr std::size_t most_links = 4;

    void begin(bool sampled);
    void waited(const ServerConnection& server, bool shared, base::Instant now);
    void adopt(const wire::TraceComment& whose);
    void make_ids();
    void note_holders(const ServerConnection* granted);
    void push_child(telemetry::Span&& span);
    void flush();
    void query_answered(base::Instant now);
    void skip_nothing();
    void forget_queries();
    [[nodiscard]] std::optional<telemetry::SamplingReason> reason_to_keep(base::Instant now);
    [[nodiscard]] base::Duration time_taken(base::Instant now) const;
    [[nodiscard]] std::shared_ptr<const std::string> state() const;
    [[nodiscard]] const std::string* address() const { return granted_ ? address_ : nullptr; }
    void tell(telemetry::SamplingReason reason, base::Instant now);
    [[nodiscard]] telemetry::Span acquire_span();
    void observe(base::Instant now);
    void reset();

    PoolLoop& home_;
    TenantPool& tenant_;
    telemetry::Tracer& tracer_;
    const Redaction without_literals_;
    std::optional<wire::TraceComment> standing_;

    // Of the present checkout.
    bool open_ = false, granted_ = false;
    bool times_only_ = false;  // open, and all that reset() clears is as reset() left it
    bool sampled_ = false;
    bool likely_ = false;  // sampled, as far as can be known
    bool has_parent_ = false, given_away_ = false;
    bool by_standing_ = false;  // the parent is the standing one: a statement's own comes before it
    bool waits_ = false;        // it is held for a command that takes its time
    bool leaked_ = false;
    bool server_failed_ = false;  // error_ is its code
    bool statements_ = false;     // they are spans, too
    telemetry::ServedSource source_ = telemetry::ServedSource::idle;
    std::optional<telemetry::WaitCause> cause_;
    std::size_t position_ = 0, skipped_ = 0;
    telemetry::SpanContext context_;  // .span 0: not made yet
    std::uint64_t parent_ = 0;
    base::Instant asked_at_{}, granted_at_{};
    base::Duration longest_query_{-1};
    const std::string* address_ = nullptr;            // of the server, once it is granted
    std::shared_ptr<const std::string> trace_state_;  // of the parent; nullptr: it had none
    std::string error_;
    std::vector<telemetry::SpanLink> holders_, links_;
    std::deque<Query> queries_;
    std::vector<telemetry::Span> children_;  // finished, and waiting for whose trace it is
};

}  // namespace weir::proxy
