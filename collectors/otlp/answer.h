// What a collector's answer to a batch means (OTLP specification, "OTLP/HTTP Response"), and how
// long to wait before trying again. PURE.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "settings/trace_export.h"

namespace weir::collectors::otlp {

struct Answer {
    long status = 0;      // of HTTP; 0: none came
    std::string problem;  // in words, when none came
    std::string body;     // cut off at what a sane answer may have
    std::optional<std::chrono::seconds> retry_after;
};

enum class Meaning : std::uint8_t {
    taken,        // perhaps not all of it: see rejected_spans()
    later,        // try the very same again
    refused,      // by the collector: the same would be refused again
    broken_down,  // nobody can say; not to be tried again either
};
[[nodiscard]] Meaning meaning(const Answer& answer);

// What a partial success says; all zero and empty for a full one.
struct PartialSuccess {
    std::uint64_t rejected = 0;
    std::string message;  // the collector's own words
};
[[nodiscard]] PartialSuccess partial_success(std::string_view body,
                                             settings::TraceProtocol protocol);

// How long to wait after the `attempt`th attempt (from 1): doubled each time, and `jitter` (within
// 0 and 1) spreads agents that were turned away together. What the collector asks for comes first.
[[nodiscard]] std::chrono::milliseconds retry_pause(unsigned attempt,
                                                    std::optional<std::chrono::seconds> retry_after,
                                                    double jitter);

}  // namespace weir::collectors::otlp
