// What a batch says of the agent that made it: what the environment says, then what the agent knows
// of itself and the environment leaves open (OpenTelemetry semantic conventions, resources). PURE.
#pragma once

#include <cstdint>
#include <string>

#include "collectors/otlp/encoder.h"
#include "settings/trace_export.h"

namespace weir::collectors::otlp {

struct Identity {
    std::string name;  // agent.name, or the host's
    std::string version;
    std::string host;
    std::int64_t process = 0;
};

[[nodiscard]] Resource describe(const settings::TraceExport& traces, const Identity& identity);

}  // namespace weir::collectors::otlp
