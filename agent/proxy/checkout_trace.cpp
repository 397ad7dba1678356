#include "proxy/checkout_trace.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/pool_loop.h"
#include "proxy/span_attributes.h"
#include "proxy/span_facts.h"
#include "wire/statement_summary.h"

namespace weir::proxy {

using base::Duration;
using base::Instant;
using telemetry::SamplingReason;
using telemetry::ServedSource;
using telemetry::Span;
using telemetry::SpanAttributes;
using telemetry::SpanContext;
using telemetry::SpanKind;

namespace {

// A shorter wait is no span of its own in a trace that is kept for another reason.
constexpr Duration long_wait = std::chrono::milliseconds(1);
constexpr std::size_t longest_text = 1024;  // of a query
// Holders that a waiter is linked to: those that have held theirs for the longest.
constexpr std::size_t most_holders = 2;

// How a checkout came by its connection, and why its span is kept: what nearly all say, in a few
// ways only.
const SpanAttributes* circumstances(std::optional<ServedSource> source,
                                    std::optional<SamplingReason> reason) {
    constexpr std::size_t sources = base::Words<ServedSource>::all.size();
    constexpr std::size_t reasons = base::Words<SamplingReason>::all.size();
    static const auto ways = [] {
        std::array<std::array<SpanAttributes, reasons + 1>, sources + 1> all;
        for (std::size_t s = 0; s <= sources; ++s) {
            for (std::size_t r = 0; r <= reasons; ++r) {
                if (s < sources) {
                    add_text(all[s][r], "weir.acquire.source", base::Words<ServedSource>::all[s]);
                }
                if (r < reasons) {
                    add_text(all[s][r], "weir.sampling.reason",
                             base::Words<SamplingReason>::all[r]);
                }
            }
        }
        return all;
    }();
    return &ways[source ? static_cast<std::size_t>(*source) : sources]
                [reason ? static_cast<std::size_t>(*reason) : reasons];
}

SpanContext context_of(const wire::TraceParent& parent) {
    return {{parent.trace_high, parent.trace_low}, parent.span, parent.sampled};
}

}  // namespace

CheckoutTrace::CheckoutTrace(PoolLoop& home, TenantPool& tenant, Redaction without_literals)
    : home_(home), tenant_(tenant), tracer_(home.tracer()), without_literals_(without_literals) {}

// -- the way to a connection

void CheckoutTrace::begin(bool sampled) {
    times_only_ = false;
    statements_ = tracer_.follows_queries();
    if (standing_) {
        adopt(*standing_);
        by_standing_ = true;
    } else {
        likely_ = sampled_ = sampled;
    }
}

void CheckoutTrace::queued(std::size_t position, telemetry::WaitCause cause) {
    position_ = position;
    cause_ = cause;
}

void CheckoutTrace::waited(const ServerConnection& server, bool shared, Instant now) {
    if (shared) source_ = telemetry::ServedSource::waited;
    const bool slow = tracer_.slow(now - asked_at_) && tracer_.would_allow(now);
    if (likely_ || slow) note_holders(&server);
}

void CheckoutTrace::refused(const pool::Refusal& refusal, Instant now) {
    if (!open_) return;
    granted_at_ = now;
    if (likely_ || tracer_.would_allow(now)) note_holders(nullptr);
    switch (refusal.outcome) {
        case pool::AcquireOutcome::rejected:
            ended(nullptr, base::word(refusal.reason), now);
            return;
        case pool::AcquireOutcome::error:
            ended(nullptr, base::word(refusal.failure), now);
            return;
        default:
            ended(nullptr, base::word(refusal.outcome), now);
    }
}

// Who held connections while it waited: whoever has just given `granted` up, and those who hold
// theirs for the longest.
void CheckoutTrace::note_holders(const ServerConnection* granted) {
    times_only_ = false;
    const bool handed_over = source_ != telemetry::ServedSource::idle;
    if (granted != nullptr && handed_over && granted->left_by().valid()) {
        holders_.push_back({granted->left_by(), {}});
    }
    std::array<const ServerConnection*, most_holders> longest{};
    tenant_.pool->for_each_server([&](pool::Server& one) {
        const auto* server = static_cast<const ServerConnection*>(&one);
        if (server == granted || server->holder() == nullptr) return;
        if (server->held_since() > asked_at_) return;
        for (const ServerConnection*& place : longest) {
            if (place == nullptr || server->held_since() < place->held_since()) {
                std::swap(place, server);
            }
            if (server == nullptr) return;
        }
    });
    for (const ServerConnection* server : longest) {
        const SpanContext holder = server == nullptr ? SpanContext() : server->holder()->span();
        if (holder.valid()) holders_.push_back({holder, {}});
    }
}

// -- whose trace it is

void CheckoutTrace::said(const wire::TraceComment& whose) {
    if (!open_) return;
    times_only_ = false;
    if ((!has_parent_ || by_standing_) && !given_away_) {
        by_standing_ = false;
        adopt(whose);
    } else if (context_of(whose.parent).trace != context_.trace) {
        // Who has sampled its trace finds this one by the link.
        if (!has_parent_ && whose.parent.sampled) likely_ = sampled_ = context_.sampled = true;
        mentioned(whose.parent);
    }
}

void CheckoutTrace::adopt(const wire::TraceComment& whose) {
    context_.trace = {whose.parent.trace_high, whose.parent.trace_low};
    parent_ = whose.parent.span;
    trace_state_ = whose.state.empty() ? nullptr : std::make_shared<const std::string>(whose.state);
    has_parent_ = true;
    likely_ = sampled_ = whose.parent.sampled;
    if (!sampled_) forget_queries();
}

void CheckoutTrace::mentioned(const wire::TraceParent& whose) {
    if (!open_ || !sampled_) return;
    const SpanContext context = context_of(whose);
    const bool known = std::any_of(links_.begin(), links_.end(),
                                   [&](const auto& link) { return link.context == context; });
    if (!known && links_.size() < most_links) links_.push_back({context, {}});
}

void CheckoutTrace::set_standing(std::optional<wire::TraceComment> whose) {
    standing_ = std::move(whose);
    if (standing_) said(*standing_);
}

SpanContext CheckoutTrace::context() {
    if (!open_) return {};
    times_only_ = false;
    make_ids();
    given_away_ = true;
    return context_;
}

SpanContext CheckoutTrace::evidence() {
    if (!open_) return {};
    if (leaked_ || (has_parent_ && !by_standing_)) make_ids();
    const bool followed = leaked_ || has_parent_ || sampled_;
    return followed && context_.span != 0 ? context_ : SpanContext();
}

void CheckoutTrace::make_ids() {
    if (context_.span != 0) return;
    if (!has_parent_) context_.trace = {tracer_.random(), tracer_.root_id(sampled_)};
    context_.span = tracer_.random();
    context_.sampled = sampled_;
}

// -- its queries

void CheckoutTrace::query_began(Instant now, unsigned replies) {
    if (!open_ || !statements_) return;
    if (skipped_ > 0 || !sampled_ || queries_.size() == most_queries) {
        skipped_ += replies;  // until those before it are answered: answers come in order
        return;
    }
    queries_.emplace_back();
    queries_.back().began = now;
    queries_.back().replies = replies;
}

void CheckoutTrace::query_text(std::string_view text) {
    if (skipped_ > 0 || queries_.empty()) return;
    Query& query = queries_.back();
    if (without_literals_ == nullptr) {
        query.verb = query.summary = wire::summarize(text).verb;
        return;
    }
    std::string shown = without_literals_(text, longest_text);
    const wire::StatementSummary summary = wire::summarize(shown);
    query.verb = summary.verb;
    query.summary = summary.text();
    if (home_.traced_statements() == settings::TraceStatements::text) query.text = std::move(shown);
}

void CheckoutTrace::query_failed(std::string_view code) {
    if (!open_) return;
    times_only_ = false;
    if (error_.empty()) {
        error_ = code;
        server_failed_ = true;
    }
    if (!queries_.empty()) queries_.front().code = code;
}

void CheckoutTrace::query_answered(Instant now) {
    if (queries_.empty()) {
        if (skipped_ > 0) --skipped_;
        return;
    }
    if (--queries_.front().replies > 0) return;
    Query query = std::move(queries_.front());
    queries_.pop_front();
    Span span;
    span.name = query.summary.empty() ? "query" : query.summary;
    span.kind = SpanKind::client;
    span.start_unix_ns = tracer_.unix_ns(query.began);
    span.end_unix_ns = tracer_.unix_ns(now);
    span.subject = pool_facts(home_, tenant_, address());
    if (!query.verb.empty()) {
        add_text(span.attributes, "db.operation.name", query.verb);
        add_text(span.attributes, "db.query.summary", query.summary);
    }
    if (!query.text.empty()) add_text(span.attributes, "db.query.text", query.text);
    if (!query.code.empty()) {
        add_text(span.attributes, "db.response.status_code", query.code);
        set_failed(span, query.code);
    }
    push_child(std::move(span));
}

void CheckoutTrace::skip_nothing() {
    queries_.clear();
    skipped_ = 0;
}

// Its spans wait until it is known whose trace they belong to.
void CheckoutTrace::push_child(Span&& span) {
    children_.push_back(std::move(span));
    const bool settled = has_parent_ && !by_standing_;
    if (settled || given_away_ || children_.size() == most_waiting) {
        make_ids();
        given_away_ = true;
        flush();
    }
}

void CheckoutTrace::flush() {
    for (Span& child : children_) {
        child.context = {context_.trace, tracer_.random(), true};
        child.parent = context_.span;
        child.trace_state = state();
        tracer_.push(std::move(child));
    }
    children_.clear();
}

void CheckoutTrace::forget_queries() {
    for (const Query& query : queries_) skipped_ += query.replies;
    queries_.clear();
    children_.clear();
}

// -- its end

void CheckoutTrace::released(ServerConnection& server, Instant now) {
    // Neither a part nor a wait can have taken longer than the whole.
    if (!times_only_ || tracer_.slow(now - asked_at_)) {
        ended(&server, {}, now);
        return;
    }
    tracer_.unsampled();
    server.set_left_by({});
    open_ = times_only_ = false;
}

void CheckoutTrace::ended(ServerConnection* server, std::string_view error, Instant now) {
    if (!open_) return;
    if (error_.empty() && !error.empty()) error_ = error;
    if (const auto reason = reason_to_keep(now)) {
        make_ids();
        context_.sampled = true;
        tell(*reason, now);
        if (server != nullptr) server->set_left_by(context_);
    } else {
        tracer_.unsampled();
        // Nobody will see its span, but perhaps its parent's.
        if (server != nullptr && (has_parent_ || given_away_)) {
            make_ids();
            server->set_left_by(context_);
        } else if (server != nullptr) {
            server->set_left_by({});
        }
    }
    reset();
}

std::optional<SamplingReason> CheckoutTrace::reason_to_keep(Instant now) {
    if (sampled_) return has_parent_ ? SamplingReason::parent : SamplingReason::ratio;
    if (leaked_) return SamplingReason::leaked;  // as its own span, which leads here
    const bool failed = !error_.empty();
    if (!failed && !tracer_.slow(time_taken(now))) return std::nullopt;
    if (!tracer_.allows(now)) return std::nullopt;
    return failed ? SamplingReason::failed : SamplingReason::slow;
}

// A connection that is its client's own for as long as it stays, and a command that is meant to
// wait, are not slow by being held: then the wait and the queries tell.
Duration CheckoutTrace::time_taken(Instant now) const {
    const settings::PoolMode mode = tenant_.pool->settings().mode;
    const bool own = mode == settings::PoolMode::session || mode == settings::PoolMode::direct;
    if (!own && !waits_) return now - asked_at_;
    const Duration waited = granted_at_ - asked_at_;
    return waits_ ? waited : std::max(waited, longest_query_);
}

std::shared_ptr<const std::string> CheckoutTrace::state() const {
    if (has_parent_) return trace_state_;
    return sampled_ ? tracer_.trace_state() : nullptr;
}

void CheckoutTrace::tell(SamplingReason reason, Instant now) {
    if (sampled_) observe(now);
    const Duration waited = granted_at_ - asked_at_;
    if (sampled_ || !granted_ || waited > long_wait) children_.push_back(acquire_span());
    flush();
    Span span;
    span.context = context_;
    span.parent = parent_;
    span.trace_state = state();
    span.name = "transaction " + tenant_.pool->settings().name;
    span.kind = SpanKind::server;
    span.start_unix_ns = tracer_.unix_ns(asked_at_);
    span.end_unix_ns = tracer_.unix_ns(now);
    span.subject = pool_facts(home_, tenant_, address());
    span.circumstances = circumstances(granted_ ? std::optional(source_) : std::nullopt, reason);
    if (server_failed_) add_text(span.attributes, "db.response.status_code", error_);
    if (!error_.empty()) set_failed(span, error_);
    span.links = std::move(links_);
    tracer_.push(std::move(span));
}

Span CheckoutTrace::acquire_span() {
    Span span;
    span.name = "pool.acquire";
    span.start_unix_ns = tracer_.unix_ns(asked_at_);
    span.end_unix_ns = tracer_.unix_ns(granted_at_);
    span.subject = pool_facts(home_, tenant_, address());
    if (granted_) {
        span.circumstances = circumstances(source_, std::nullopt);
    } else {
        set_failed(span, error_);
    }
    if (cause_) {
        add_text(span.attributes, "weir.wait.cause", base::word(*cause_));
        add_number(span.attributes, "weir.queue.position", static_cast<std::int64_t>(position_));
    }
    span.links = std::move(holders_);
    return span;
}

void CheckoutTrace::observe(Instant now) {
    if (!granted_) return;
    telemetry::PoolExemplars& exemplars = home_.exemplars(tenant_);
    const std::int64_t unix_ns = tracer_.unix_ns(now);
    exemplars.wait_ok.write(granted_at_ - asked_at_, context_, unix_ns);
    exemplars.use.write(now - granted_at_, context_, unix_ns);
    if (longest_query_.count() >= 0) exemplars.query_time.write(longest_query_, context_, unix_ns);
}

void CheckoutTrace::leaked(ServerConnection& server, Instant now) {
    if (!open_) return;
    leaked_ = true;
    const SpanContext checkout = context();
    Span span;
    span.context = {checkout.trace, tracer_.random(), true};
    span.parent = checkout.span;
    span.trace_state = state();
    span.name = "pool.leak";
    span.start_unix_ns = tracer_.unix_ns(granted_at_);
    span.end_unix_ns = tracer_.unix_ns(now);
    span.subject = pool_facts(home_, tenant_, &server.address());
    span.circumstances = circumstances(std::nullopt, SamplingReason::leaked);
    span.links.push_back({checkout, {}});
    tracer_.push(std::move(span));
}

void CheckoutTrace::reset() {
    open_ = times_only_ = sampled_ = likely_ = has_parent_ = given_away_ = statements_ = false;
    leaked_ = server_failed_ = by_standing_ = waits_ = false;
    skipped_ = 0;
    context_ = {};
    parent_ = 0;
    trace_state_ = nullptr;
    error_.clear();
    holders_.clear();
    links_.clear();
    queries_.clear();
    children_.clear();
}

}  // namespace weir::proxy
