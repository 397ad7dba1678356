// What spans say of the pool and the server that they are about, by OpenTelemetry's semantic
// conventions for databases, and the spans of what happens to connections rather than to clients.
// On the connection's home loop.
#pragma once

#include <string>
#include <string_view>

#include "proxy/tenant_pool.h"
#include "telemetry/span.h"
#include "telemetry/vocabulary.h"
#include "upstream/dialer.h"

namespace weir::proxy {

class PoolLoop;
class ServerConnection;

// `address`: of the server as the configuration writes it; nullptr: the upstream's first.
[[nodiscard]] SpanFacts::Attributes pool_facts(PoolLoop& home, TenantPool& tenant,
                                               const std::string* address);
// Both: status error, and why, as one word.
void set_failed(telemetry::Span& span, std::string_view error);

// A dial, made or failed; gives what to link to, none when nobody sees it.
telemetry::SpanContext trace_connect(PoolLoop& home, TenantPool& tenant,
                                     const upstream::Established& made);
telemetry::SpanContext trace_connect(PoolLoop& home, TenantPool& tenant, base::Instant began,
                                     const upstream::DialFailure& failure);
// A connection that is clean again after a client left it dirty. To be told before the pool.
void trace_reset(PoolLoop& home, const ServerConnection& server);
// One that a client has used goes. Those that grow old are told of as often as any other root.
void trace_reap(PoolLoop& home, const ServerConnection& server, telemetry::ReapReason reason);

}  // namespace weir::proxy
