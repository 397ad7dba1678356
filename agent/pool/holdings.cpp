#include "pool/holdings.h"

#include <algorithm>
#include <functional>

namespace weir::pool {
namespace {

std::size_t hash_of(std::string_view tenant) { return std::hash<std::string_view>{}(tenant); }

}  // namespace

void Holdings::add(std::string_view tenant, unsigned used) {
    if (used > 0) parts_.push_back({tenant, hash_of(tenant), used});
    total_ += used;
}

void Holdings::complete() {
    std::sort(parts_.begin(), parts_.end(),
              [](const Part& a, const Part& b) { return a.hash < b.hash; });
    std::size_t kept = 0;
    for (const Part& part : parts_) {
        if (kept > 0 && parts_[kept - 1].hash == part.hash) {
            parts_[kept - 1].used += part.used;
        } else {
            parts_[kept++] = part;
        }
    }
    parts_.resize(kept);
    std::vector<Part> order = parts_;
    const auto most = order.begin() + static_cast<std::ptrdiff_t>(std::min(named, order.size()));
    std::partial_sort(order.begin(), most, order.end(), [](const Part& a, const Part& b) {
        return a.used != b.used ? a.used > b.used : a.tenant < b.tenant;
    });
    for (auto part = order.begin(); part != most; ++part) {
        largest_.push_back({std::string(part->tenant), part->used});
    }
    // The names are the accounts', which may go before this does.
    for (Part& part : parts_) part.tenant = {};
}

unsigned Holdings::of(std::string_view tenant) const {
    const std::size_t hash = hash_of(tenant);
    const auto found =
        std::lower_bound(parts_.begin(), parts_.end(), hash,
                         [](const Part& part, std::size_t wanted) { return part.hash < wanted; });
    return found == parts_.end() || found->hash != hash ? 0 : found->used;
}

}  // namespace weir::pool
