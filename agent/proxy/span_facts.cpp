#include "proxy/span_facts.h"

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

std::string system_of(const UpstreamLink& upstream) {
    const bool mariadb = upstream.settings.engine == settings::Engine::mysql &&
                         upstream.server_version().find("MariaDB") != std::string::npos;
    return mariadb ? "mariadb" : std::string(base::word(upstream.settings.engine));
}

Span begin_root(Tracer& tracer, std::uint64_t low) {
    Span span;
    span.context = {{tracer.random(), low}, tracer.random(), true};
    return span;
}

// Nothing: the dial is not exported.
std::optional<Span> begin_connect(PoolLoop& home, base::Instant began, bool failed) {
    Tracer& tracer = home.tracer();
    if (!tracer.on()) return std::nullopt;
    const base::Instant now = home.now();
    const std::uint64_t low = tracer.random();
    const bool sampled = tracer.samples(low);
    const char* const besides = failed ? "failed" : tracer.slow(now - began) ? "slow" : nullptr;
    if (!sampled && (besides == nullptr || !tracer.allows(now))) return std::nullopt;
    Span span = begin_root(tracer, low);
    if (sampled) span.trace_state = tracer.trace_state();
    span.name = "pool.connect";
    span.kind = SpanKind::client;
    span.start_unix_ns = tracer.unix_ns(began);
    span.end_unix_ns = tracer.unix_ns(now);
    add_text(span.attributes, "weir.sampling.reason", sampled ? "ratio" : besides);
    return span;
}

// How connections are meant to end: too often to be kept besides the sampled ones.
bool routine(ReapReason reason) {
    return reason == ReapReason::idle || reason == ReapReason::max_lifetime ||
           reason == ReapReason::shrink || reason == ReapReason::stolen ||
           reason == ReapReason::config;
}

}  // namespace

void add_pool_facts(SpanAttributes& attributes, PoolLoop& home, const TenantPool& tenant,
                    const std::string* address) {
    const UpstreamLink& upstream = home.upstream(tenant);
    const std::string& all = upstream.settings.address;
    add_text(attributes, "db.system.name", system_of(upstream));
    if (!tenant.database.empty()) add_text(attributes, "db.namespace", tenant.database);
    add_address(attributes, address == nullptr ? all.substr(0, all.find(',')) : *address);
    add_text(attributes, "db.client.connection.pool.name", tenant.pool->settings().name);
    add_text(attributes, "weir.tenant", tenant.match.tenant);
}

void set_failed(Span& span, std::string_view error) {
    span.failed = true;
    add_text(span.attributes, "error.type", error);
}

telemetry::SpanContext trace_connect(PoolLoop& home, const TenantPool& tenant,
                                     const upstream::Established& made) {
    auto span = begin_connect(home, home.now() - made.took, false);
    if (!span) return {};
    const telemetry::SpanContext context = span->context;
    add_pool_facts(span->attributes, home, tenant, made.address.empty() ? nullptr : &made.address);
    home.tracer().push(std::move(*span));
    return context;
}

telemetry::SpanContext trace_connect(PoolLoop& home, const TenantPool& tenant, base::Instant began,
                                     const upstream::DialFailure& failure) {
    auto span = begin_connect(home, began, true);
    if (!span) return {};
    const telemetry::SpanContext context = span->context;
    add_pool_facts(span->attributes, home, tenant, nullptr);
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
    add_pool_facts(span.attributes, home, server.tenant(), &server.address());
    tracer.push(std::move(span));
}

void trace_reap(PoolLoop& home, const ServerConnection& server, ReapReason reason) {
    Tracer& tracer = home.tracer();
    if (!tracer.on()) return;
    Session* const holder = server.holder();
    const telemetry::SpanContext user = holder != nullptr ? holder->span() : server.left_by();
    if (!user.valid()) return;
    const std::uint64_t low = tracer.random();
    const bool sampled = tracer.samples(low);
    if (!sampled && (routine(reason) || !tracer.allows(home.now()))) return;
    Span span = begin_root(tracer, low);
    if (sampled) span.trace_state = tracer.trace_state();
    span.name = "pool.reap";
    span.start_unix_ns = span.end_unix_ns = tracer.unix_ns(home.now());
    span.links.push_back({user, {}});
    add_pool_facts(span.attributes, home, server.tenant(), &server.address());
    add_text(span.attributes, "weir.reap.reason", base::word(reason));
    if (!sampled) add_text(span.attributes, "weir.sampling.reason", "failed");
    tracer.push(std::move(span));
}

}  // namespace weir::proxy
