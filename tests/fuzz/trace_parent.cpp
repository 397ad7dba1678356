// A statement with a comment that may name a trace: what is found is what the comment says, and the
// summary of any text is bounded.
#include "wire/trace_parent.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/statement_summary.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::wire;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto alone = read_traceparent(text);
    const auto found = find_trace(text);
    if (found && !may_trace(text)) std::abort();
    for (const auto& parent : {alone, found ? std::optional(found->parent) : std::nullopt}) {
        if (parent && ((parent->trace_high | parent->trace_low) == 0 || parent->span == 0)) {
            std::abort();
        }
    }
    if (found && found->state.size() > 512) std::abort();
    if (summarize(text).text().size() > 257) std::abort();
    return 0;
}
