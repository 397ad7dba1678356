// Any bytes as a configuration: loading gives settings or problems, never a crash. What loads can
// be shown, and its patterns can be matched.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "settings/load.h"
#include "settings/pattern.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::settings;
    // A file named by the input must not be read: devices never end.
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (text.find("file") != std::string_view::npos) return 0;
    const auto loaded = load_text(text, "fuzz.toml", {{"WEIR_AGENT_LOOPS", "2"}});
    if (!loaded) {
        if (loaded.error().empty()) std::abort();
        return 0;
    }
    if (masked_json(loaded->settings).empty()) std::abort();
    for (const auto& pool : loaded->settings.pool) {
        const auto pattern = Pattern::compile(pool.match);
        // An empty match is mysql's; everything else that loads has been compiled before.
        if (!pattern) std::abort();
        (void)pattern->match(pool.name);
    }
    return 0;
}
