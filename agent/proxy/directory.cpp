#include "proxy/directory.h"

#include <algorithm>
#include <cassert>

namespace weir::proxy {

unsigned Directory::enter(const std::string& key, const std::string& kin) {
    const std::scoped_lock lock(mutex_);
    auto [found, fresh] = homes_.try_emplace(key);
    if (fresh) {
        const auto relatives = kin.empty() ? kins_.end() : kins_.find(kin);
        const auto fewest = std::min_element(pools_.begin(), pools_.end());
        found->second.loop = relatives != kins_.end()
                                 ? relatives->second.loop
                                 : static_cast<unsigned>(fewest - pools_.begin());
        ++pools_[found->second.loop];
        found->second.kin = kin;
        if (!kin.empty()) {
            Kin& all = kins_[kin];
            all.loop = found->second.loop;
            ++all.pools;
        }
    }
    ++found->second.under_way;
    return found->second.loop;
}

void Directory::arrived(const std::string& key) {
    const std::scoped_lock lock(mutex_);
    const auto found = homes_.find(key);
    assert(found != homes_.end() && found->second.under_way > 0);
    --found->second.under_way;
}

bool Directory::forget(const std::string& key) {
    const std::scoped_lock lock(mutex_);
    const auto found = homes_.find(key);
    if (found == homes_.end()) return true;
    if (found->second.under_way > 0) return false;
    --pools_[found->second.loop];
    const auto relatives = kins_.find(found->second.kin);
    if (relatives != kins_.end() && --relatives->second.pools == 0) kins_.erase(relatives);
    homes_.erase(found);
    return true;
}

}  // namespace weir::proxy
