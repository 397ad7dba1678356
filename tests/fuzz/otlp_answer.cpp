// What a collector answers: whatever it is, reading it as either form ends, and what a protobuf
// answer says lies in it. The texts of the environment's lists are read likewise.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "collectors/otlp/answer.h"
#include "settings/trace_environment.h"

using weir::collectors::otlp::partial_success;
using weir::settings::TraceProtocol;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto found = partial_success(text, TraceProtocol::http_protobuf);
    require(text.find(found.message) != std::string_view::npos);
    require(weir::base::is_utf8(weir::base::replaced_utf8(text)));
    static_cast<void>(partial_success(text, TraceProtocol::http_json));
    weir::settings::Report warnings;
    const std::string list(text);
    const auto traces = weir::settings::trace_export(weir::settings::Traces{"http://h"},
                                                     {{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", list},
                                                      {"OTEL_EXPORTER_OTLP_HEADERS", list},
                                                      {"OTEL_RESOURCE_ATTRIBUTES", list},
                                                      {"OTEL_BSP_MAX_QUEUE_SIZE", list}},
                                                     warnings);
    require(traces && traces->batch >= 1 && traces->batch <= traces->queue);
    for (const auto& [name, value] : traces->headers) {
        require(!name.empty() && value.reveal().find_first_of("\r\n") == std::string_view::npos);
    }
    return 0;
}
