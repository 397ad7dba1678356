#include "collectors/prometheus/agent_collector.h"

#include "collectors/prometheus/samples.h"

namespace weir::collectors {

std::vector<::prometheus::MetricFamily> AgentCollector::Collect() const {
    const BuildFacts build = facts_.build();
    const ConfigFacts config = facts_.config();
    Samples info(catalogue::build_info);
    info.add({build.version, build.revision, build.compiler}, 1);
    Samples successful(catalogue::config_last_reload_successful);
    successful.add({}, config.last_reload_successful ? 1 : 0);
    Samples since(catalogue::config_last_reload_success_timestamp_seconds);
    since.add({}, config.last_success);
    Samples reloads(catalogue::config_reloads);
    reloads.add({"ok"}, config.reloads_ok);
    reloads.add({"failed"}, config.reloads_failed);
    return {info.take(), successful.take(), since.take(), reloads.take()};
}

}  // namespace weir::collectors
