#include "proxy/directory.h"

#include <algorithm>
#include <cassert>

namespace weir::proxy {

unsigned Directory::enter(const std::string& key) {
    const std::scoped_lock lock(mutex_);
    auto [found, fresh] = homes_.try_emplace(key);
    if (fresh) {
        const auto fewest = std::min_element(pools_.begin(), pools_.end());
        ++*fewest;
        found->second.loop = static_cast<unsigned>(fewest - pools_.begin());
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
    homes_.erase(found);
    return true;
}

}  // namespace weir::proxy
