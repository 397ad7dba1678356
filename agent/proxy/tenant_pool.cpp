#include "proxy/tenant_pool.h"

#include <algorithm>

namespace weir::proxy {

std::optional<pool::CompatibilityKey> TenantPool::key(const Handshake& handshake) {
    const auto found = std::find(handshakes.begin(), handshakes.end(), handshake);
    if (found != handshakes.end()) {
        return static_cast<pool::CompatibilityKey>(found - handshakes.begin());
    }
    if (handshakes.size() >= maximum_handshakes) return std::nullopt;
    handshakes.push_back(handshake);
    return handshakes.size() - 1;
}

}  // namespace weir::proxy
