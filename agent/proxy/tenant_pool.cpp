#include "proxy/tenant_pool.h"

#include <algorithm>

namespace weir::proxy {

std::optional<pool::CompatibilityKey> TenantPool::key(const Handshake& handshake) {
    auto place = std::find_if(handshakes_.begin(), handshakes_.end(),
                              [&](const Entry& entry) { return entry.handshake == handshake; });
    if (place == handshakes_.end() && handshakes_.size() < maximum_handshakes) {
        place = handshakes_.insert(place, {handshake});
    }
    if (place == handshakes_.end()) {
        place = std::find_if(handshakes_.begin(), handshakes_.end(),
                             [](const Entry& entry) { return entry.uses == 0; });
        if (place == handshakes_.end()) return std::nullopt;
        place->handshake = handshake;
        const auto reused = static_cast<pool::CompatibilityKey>(place - handshakes_.begin());
        forget_greetings(reused);
        if (pool != nullptr) pool->forget(reused);
    }
    ++place->uses;
    return static_cast<pool::CompatibilityKey>(place - handshakes_.begin());
}

pool::CompatibilityKey TenantPool::dedicated_key(const Handshake& handshake) {
    auto place = std::find_if(dedicated_.begin(), dedicated_.end(),
                              [](const Entry& entry) { return entry.uses == 0; });
    if (place == dedicated_.end()) place = dedicated_.insert(place, Entry());
    place->handshake = handshake;
    place->uses = 1;
    const auto index = static_cast<pool::CompatibilityKey>(place - dedicated_.begin());
    const pool::CompatibilityKey key = pool::dedicated_mark | index;
    if (pool != nullptr) pool->forget(key);
    return key;
}

void TenantPool::remake(const settings::Pool& settings) {
    ++generation;
    database = settings.database.empty() ? asked : settings::fill(settings.database, match);
    greetings_.clear();
    if (settings.user.empty()) return;
    // Whatever the key, it is the template's own account that logs in.
    const std::string user = settings::fill(settings.user, match);
    for (auto* entries : {&handshakes_, &dedicated_}) {
        for (Entry& entry : *entries) entry.handshake.user = user;
    }
}

ParameterSetRef TenantPool::greeting(pool::CompatibilityKey key,
                                     const ParameterSetRef& settings) const {
    const auto found =
        std::find_if(greetings_.begin(), greetings_.end(), [&](const Greeting& greeting) {
            return greeting.key == key && greeting.settings == settings;
        });
    return found == greetings_.end() ? nullptr : found->reported;
}

void TenantPool::remember_greeting(pool::CompatibilityKey key, const ParameterSetRef& settings,
                                   const ParameterSetRef& reported) {
    if (pool::is_dedicated(key)) return;  // nobody would ask for it
    if (greeting(key, settings) != nullptr) return;
    if (greetings_.size() == maximum_greetings) greetings_.erase(greetings_.begin());
    greetings_.push_back({key, settings, reported});
}

void TenantPool::forget_greetings(pool::CompatibilityKey key) {
    std::erase_if(greetings_, [key](const Greeting& greeting) { return greeting.key == key; });
}

}  // namespace weir::proxy
