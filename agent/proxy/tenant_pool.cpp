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
        greetings.erase(reused);
        if (pool != nullptr) pool->forget(reused);
    }
    ++place->uses;
    return static_cast<pool::CompatibilityKey>(place - handshakes_.begin());
}

}  // namespace weir::proxy
