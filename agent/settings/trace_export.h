// Where finished spans go and how: the file's [traces] with what OpenTelemetry's own environment
// says instead (trace_environment.h). Part of a Settings; the same for as long as the agent runs.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/words.h"
#include "settings/secret.h"

namespace weir::settings {

enum class TraceProtocol : std::uint8_t { http_json, http_protobuf };

struct TraceExport {
    std::string url;  // whole: what a batch is posted to
    TraceProtocol protocol = TraceProtocol::http_json;
    std::vector<std::pair<std::string, Secret>> headers;  // added to each request
    std::string ca;                                       // a file; empty: the system's
    std::string certificate, key;  // files of our own, for a collector that asks; or empty
    std::chrono::milliseconds request_timeout{10'000};
    std::chrono::milliseconds batch_timeout{30'000};  // of one batch, with all that is tried anew
    std::chrono::milliseconds delay{5'000};           // between two batches that are not full
    std::size_t queue = 2048;                         // spans, over all loops
    std::size_t batch = 512;                          // spans, at most those of the queue
    // What describes this agent, in the order given; others are added by whoever exports.
    std::vector<std::pair<std::string, std::string>> resource;
};

}  // namespace weir::settings

template <>
struct weir::base::Words<weir::settings::TraceProtocol> {
    static constexpr std::array<std::string_view, 2> all{"http/json", "http/protobuf"};
};
