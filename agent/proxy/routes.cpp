#include "proxy/routes.h"

#include <cassert>

namespace weir::proxy {

std::string Route::key() const {
    std::string key = std::to_string(template_index);
    key += '\n';
    key += match.tenant;
    key += '\n';
    key += match.app;
    return key;
}

base::Result<Routes> Routes::compile(const settings::Snapshot& settings,
                                     const std::vector<unsigned>& slots) {
    Routes routes;
    routes.slots_ = slots;
    for (const settings::Pool& pool : settings->pool) {
        auto pattern = settings::Pattern::compile(pool.match);
        if (!pattern) return base::error("pool " + pool.name + ": " + pattern.error().message);
        if (slots.empty()) routes.slots_.push_back(static_cast<unsigned>(routes.patterns_.size()));
        routes.patterns_.push_back(std::move(*pattern));
        routes.engines_.push_back(settings->upstream[upstream_index(*settings, pool)].engine);
    }
    return routes;
}

std::optional<Route> Routes::find(settings::Engine engine, std::string_view database) const {
    for (unsigned i = 0; i < patterns_.size(); ++i) {
        if (engines_[i] != engine) continue;
        if (auto match = patterns_[i].match(database)) return Route{slots_[i], std::move(*match)};
    }
    return std::nullopt;
}

unsigned upstream_index(const settings::Settings& settings, const settings::Pool& pool) {
    for (unsigned i = 0; i < settings.upstream.size(); ++i) {
        if (settings.upstream[i].name == pool.upstream) return i;
    }
    assert(false && "validated settings name an upstream that exists");
    return 0;
}

}  // namespace weir::proxy
