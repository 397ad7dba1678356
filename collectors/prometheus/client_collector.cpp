#include "collectors/prometheus/client_collector.h"

#include <algorithm>

#include "collectors/prometheus/samples.h"

namespace weir::collectors {
namespace {

using telemetry::SessionProbe;

struct Listener {
    telemetry::ListenerLabels labels;
    std::vector<std::shared_ptr<SessionProbe>> probes;  // of all loops

    template <class Read>
    [[nodiscard]] auto sum(const Read& read) const {
        decltype(read(*probes.front())) all{};
        for (const auto& probe : probes) all += read(*probe);
        return all;
    }
};

std::vector<Listener> listeners(const telemetry::Registry& registry) {
    std::vector<Listener> all;
    for (auto& one : registry.sessions()) {
        auto found = std::find_if(all.begin(), all.end(), [&](const Listener& other) {
            return other.labels.listener == one.labels.listener &&
                   other.labels.engine == one.labels.engine;
        });
        if (found == all.end()) found = all.insert(all.end(), {one.labels, {}});
        found->probes.push_back(one.probe);
    }
    return all;
}

}  // namespace

std::vector<::prometheus::MetricFamily> ClientCollector::Collect() const {
    Samples now(catalogue::client_connections), most(catalogue::client_connections_max);
    Samples opened(catalogue::client_connections_opened);
    Samples closed(catalogue::client_connections_closed);
    Samples failures(catalogue::client_auth_failures);
    Samples certificates(catalogue::listener_certificate_failures);
    for (const Listener& one : listeners(registry_)) {
        const LabelValues labels{one.labels.listener, one.labels.engine};
        now.add_each<telemetry::ClientState>(labels, [&](auto state) {
            return one.sum([&](const SessionProbe& p) { return p.clients(state); });
        });
        most.add(labels, one.labels.max_clients);
        opened.add(labels, one.sum([](const SessionProbe& p) { return p.opened_count(); }));
        certificates.add(labels,
                         one.sum([](const SessionProbe& p) { return p.certificates_refused(); }));
        closed.add_each<telemetry::ClientClose>(labels, [&](auto reason) {
            return one.sum([&](const SessionProbe& p) { return p.closed_count(reason); });
        });
        failures.add_each<telemetry::AuthFailure>(labels, [&](auto reason) {
            return one.sum([&](const SessionProbe& p) { return p.auth_failures(reason); });
        });
    }
    return {now.take(),    most.take(),     opened.take(),
            closed.take(), failures.take(), certificates.take()};
}

}  // namespace weir::collectors
