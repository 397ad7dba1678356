#include "proxy/span_facts.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "proxy/pool_loop.h"
#include "proxy/span_attributes.h"

namespace weir::proxy {

using telemetry::ReapReason;
using telemetry::Span;
using telemetry::SpanAttributes;
using telemetry::SpanKind;
using telemetry::Tracer;

namespace {

// "host:port", "[address]:port" or a socket's path.
void add_address(SpanAttributes& attributes, std::string_view address) {
    constexpr std::string_view unix_prefix = "unix:";
    if (address.starts_with(unix_prefix)) {
        add_text(attributes, "server.address", address.substr(unix_prefix.size()));
        return;
    }
    const std::size_t colon = address.rfind(':');
    std::string_view host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    add_text(attributes, "server.address", host);
    if (colon == std::string_view::npos) return;
    std::int64_t port = 0;
    const std::string_view digits = address.substr(colon + 1);
    if (std::from_chars(digits.data(), digits.data() + digits.size(), port).ec == std::errc()) {
        add_number(attributes, "server.port", port);
    }
}

std::string_view system_of(const UpstreamLink& upstream) {
    const bool mariadb = upstream.settings.engine == settings::Engine::mysql &&
                         upstream.server_version().find("MariaDB") != std::string::npos;
    return mariadb ? "mariadb" : base::word(upstream.settings.engine);
}

Span begin_root(Tracer& tracer, bool sampled) {
    Span span;
    span.context = {{tracer.random(), tracer.root_id(sampled)}, tracer.random(), true};
    if (sampled) span.trace_state = tracer.trace_state();
    return span;
}

void add_steps(Span& span, const Tracer& tracer, const upstream::DialSteps& steps) {
    const std::pair<const char*, base::Instant> named[] = {{"dns", steps.resolved},
                                                           {"tcp", steps.connected},
                                                           {"tls", steps.encrypted},
                                                           {"auth", steps.authenticated}};
    for (const auto& [name, at] : named) {
        if (at == base::Instant()) continue;
        span.events.push_back({name, tracer.unix_ns(at), {}});
        // The loop's clock stands still during a turn, in which the dial may have come to its end.
        span.end_unix_ns = std::max(span.end_unix_ns, tracer.unix_ns(at));
    }
}

// Nothing: the dial is not exported.
std::optional<Span> begin_connect(PoolLoop& home, base::Instant began,
                                  const upstream::DialSteps& steps, bool failed) {
    Tracer& tracer = home.tracer();
    if (!tracer.on()) return std::nullopt;
    const base::Instant now = home.now();
    const bool sampled = tracer.samples_next();
    const char* const besides = failed ? "failed" : tracer.slow(now - began) ? "slow" : nullptr;
    if (!sampled && (besides == nullptr || !tracer.allows(now))) return std::nullopt;
    Span span = begin_root(tracer, sampled);
    span.name = "pool.connect";
    span.kind = SpanKind::client;
    span.start_unix_ns = tracer.unix_ns(began);
    span.end_unix_ns = tracer.unix_ns(now);
    add_text(span.attributes, "weir.sampling.reason", sampled ? "ratio" : besides);
    add_steps(span, tracer, steps);
    return span;
}

// How connections are meant to end: too often to be kept besides the sampled ones.
bool routine(ReapReason reason) {
    return reason == ReapReason::idle || reason == ReapReason::max_lifetime ||
           reason == ReapReason::shrink || reason == ReapReason::stolen ||
           reason == ReapReason::config;
}

}  // namespace

SpanFacts::Attributes pool_facts(PoolLoop& home, TenantPool& tenant, const std::string* address) {
    const UpstreamLink& upstream = home.upstream(tenant);
    const std::string_view all = upstream.settings.address;
    const std::string_view server =
        address == nullptr ? all.substr(0, all.find(',')) : std::string_view(*address);
    const std::string_view system = system_of(upstream);
    SpanFacts& facts = tenant.facts;
    const bool known = facts.attributes != nullptr && facts.generation == tenant.generation &&
                       facts.server == server && facts.system == system;
    if (!known) {
        SpanAttributes attributes;
        add_text(attributes, "db.system.name", system);
        if (!tenant.database.empty()) add_text(attributes, "db.namespace", tenant.database);
        add_address(attributes, server);
        add_text(attributes, "db.client.connection.pool.name", tenant.pool->settings().name);
        add_text(attributes, "weir.tenant", tenant.match.tenant);
        facts = {tenant.generation, std::string(server), std::string(system),
                 std::make_shared<const SpanAttributes>(std::move(attributes))};
    }
    return facts.attributes;
}

void set_failed(Span& span, std::string_view error) {
    span.failed = true;
    add_text(span.attributes, "error.type", error);
}

telemetry::SpanContext trace_connect(PoolLoop& home, TenantPool& tenant,
                                     const upstream::Established& made) {
    auto span = begin_connect(home, made.steps.begun, made.steps, false);
    if (!span) return {};
    const telemetry::SpanContext context = span->context;
    span->subject = pool_facts(home, tenant, made.address.empty() ? nullptr : &made.address);
    home.tracer().push(std::move(*span));
    return context;
}

telemetry::SpanContext trace_connect(PoolLoop& home, TenantPool& tenant, base::Instant began,
                                     const upstream::DialFailure& failure) {
    auto span = begin_connect(home, began, failure.steps, true);
    if (!span) return {};
    const telemetry::SpanContext context = span->context;
    span->subject = pool_facts(home, tenant, nullptr);
    if (!failure.sqlstate.empty()) {
        add_text(span->attributes, "db.response.status_code", failure.sqlstate);
    }
    set_failed(*span, base::word(failure.reason));
    home.tracer().push(std::move(*span));
    return context;
}

void trace_reset(PoolLoop& home, const ServerConnection& server) {
    Tracer& tracer = home.tracer();
    if (!tracer.on() || !server.left_by().sampled) return;
    Span span;
    span.context = {server.left_by().trace, tracer.random(), true};
    span.parent = server.left_by().span;
    span.name = "pool.reset";
    span.start_unix_ns = tracer.unix_ns(server.since());
    span.end_unix_ns = tracer.unix_ns(home.now());
    span.subject = pool_facts(home, server.tenant(), &server.address());
    tracer.push(std::move(span));
}

void trace_reap(PoolLoop& home, const ServerConnection& server, ReapReason reason) {
    Tracer& tracer = home.tracer();
    if (!tracer.on()) return;
    Session* const holder = server.holder();
    const telemetry::SpanContext user = holder != nullptr ? holder->span() : server.left_by();
    if (!user.valid()) return;
    const bool sampled = tracer.samples_next();
    if (!sampled && (routine(reason) || !tracer.allows(home.now()))) return;
    Span span = begin_root(tracer, sampled);
    span.name = "pool.reap";
    span.start_unix_ns = span.end_unix_ns = tracer.unix_ns(home.now());
    span.links.push_back({user, {}});
    span.subject = pool_facts(home, server.tenant(), &server.address());
    add_text(span.attributes, "weir.reap.reason", base::word(reason));
    if (!sampled) add_text(span.attributes, "weir.sampling.reason", "failed");
    tracer.push(std::move(span));
}

}  // namespace weir::proxy
