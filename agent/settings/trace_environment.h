// The environment that all of OpenTelemetry's exporters share (OTEL_…), over what the file says in
// [traces]: OpenTelemetry Protocol Exporter, SDK environment variables. As there, a value that
// means nothing is told and the default holds: it never keeps the agent from serving. Start-up and
// reload only; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "settings/load.h"
#include "settings/report.h"

namespace weir::settings {

// Nothing when there is nowhere to export to, or OTEL_SDK_DISABLED is true. No message repeats a
// value of what may be secret.
[[nodiscard]] std::optional<TraceExport> trace_export(const Traces& traces,
                                                      const Environment& environment,
                                                      Report& warnings);

// Why `text` can't be a collector's address; empty when it can. Such as "/v1/traces" may still be
// added to it.
[[nodiscard]] std::string wrong_with_collector(std::string_view text);

}  // namespace weir::settings
