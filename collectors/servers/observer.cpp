#include "collectors/servers/observer.h"

#include <algorithm>

#include "settings/key.h"

namespace weir::collectors {
namespace {

bool observed(const settings::Upstream& upstream) { return !upstream.observe.user.empty(); }

}  // namespace

void Observer::follow(const settings::Settings& settings) {
    const std::scoped_lock lock(mutex_);
    if (stopped_) return;
    const auto named = [&](const std::string& name) {
        return std::find_if(
            settings.upstream.begin(), settings.upstream.end(),
            [&](const settings::Upstream& one) { return one.name == name && observed(one); });
    };
    std::erase_if(watches_, [&](const std::unique_ptr<Watch>& watch) {
        const auto now = named(watch->upstream().name);
        if (now == settings.upstream.end()) {
            const std::string name = watch->upstream().name;
            registry_.forget_server(name);
            return true;
        }
        return !settings::equal(*now, watch->upstream());
    });
    for (const settings::Upstream& upstream : settings.upstream) {
        const bool watched = std::any_of(watches_.begin(), watches_.end(), [&](const auto& watch) {
            return watch->upstream().name == upstream.name;
        });
        if (!observed(upstream) || watched) continue;
        watches_.push_back(std::make_unique<Watch>(upstream, registry_, access_));
    }
}

void Observer::stop() {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    watches_.clear();
}

}  // namespace weir::collectors
