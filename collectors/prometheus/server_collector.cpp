#include "collectors/prometheus/server_collector.h"

#include "collectors/prometheus/samples.h"

namespace weir::collectors {
namespace {

using telemetry::ServerReading;

void add_owners(Samples& connections, const std::string& upstream, const ServerReading& reading) {
    if (!reading.connections) return;
    const std::uint64_t others = *reading.connections - reading.of_this_agent;
    connections.add({upstream, "this_agent"}, reading.of_this_agent);
    connections.add({upstream, "others"}, others);
    connections.add({upstream, "reserved"}, reading.reserved.value_or(0));
}

}  // namespace

std::vector<::prometheus::MetricFamily> ServerCollector::Collect() const {
    Samples max(catalogue::server_max_connections), connections(catalogue::server_connections);
    Samples up(catalogue::server_poll_up), took(catalogue::server_poll_seconds);
    Samples aborted(catalogue::server_aborted_connects);
    Samples rejected(catalogue::server_rejected_connections);
    Samples most(catalogue::server_max_used_connections);
    Samples blocked(catalogue::server_blocked_clients);
    for (const auto& one : registry_.servers()) {
        const telemetry::ServerProbe::Seen seen = one.probe->seen();
        if (!seen.polled) continue;
        const auto tell = [&](Samples& samples, const ServerReading::Count& count) {
            if (count) samples.add({one.labels}, *count);
        };
        up.add({one.labels}, seen.up ? 1 : 0);
        took.add({one.labels}, base::seconds(seen.took));
        add_owners(connections, one.labels, seen.reading);
        tell(max, seen.reading.max_connections);
        tell(aborted, seen.reading.aborted_connects);
        tell(rejected, seen.reading.rejected_connections);
        tell(most, seen.reading.max_used_connections);
        tell(blocked, seen.reading.blocked_clients);
    }
    return {max.take(),     connections.take(), up.take(),   took.take(),
            aborted.take(), rejected.take(),    most.take(), blocked.take()};
}

}  // namespace weir::collectors
