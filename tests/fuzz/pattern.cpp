// A pattern and a database's name, divided by the first line end: what matches has a tenant, and
// filling the pattern in again gives the name back.
#include "settings/pattern.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "settings/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::settings;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)parse_url(text);
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return 0;
    const auto shape = text.substr(0, end);
    const auto name = text.substr(end + 1);
    const auto pattern = Pattern::compile(shape);
    if (!pattern) return 0;
    const auto match = pattern->match(name);
    if (match && !pattern->matches_everything() && fill(shape, *match) != name) {
        std::abort();
    }
    return 0;
}
