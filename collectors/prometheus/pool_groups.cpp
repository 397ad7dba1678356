#include "collectors/prometheus/pool_groups.h"

#include <set>
#include <utility>

#include "collectors/prometheus/catalogue.h"

namespace weir::collectors {

std::vector<std::pair<std::string, PoolGroup>> PoolGroup::by_upstream() const {
    std::vector<std::pair<std::string, PoolGroup>> parts;
    for (const RegisteredPool& one : probes) {
        auto part = std::find_if(parts.begin(), parts.end(), [&](const auto& candidate) {
            return candidate.first == one.labels.upstream;
        });
        if (part == parts.end()) {
            part = parts.insert(parts.end(), {one.labels.upstream, {pool, engine, folded, {}}});
        }
        part->second.probes.push_back(one);
    }
    return parts;
}

PoolGroups group_pools(const telemetry::Registry& registry, std::size_t pools_max) {
    PoolGroups result;
    std::set<std::string> own, rest;  // names of templates
    for (RegisteredPool& one : registry.pools()) {
        const std::string& name = one.labels.pool;
        if (!own.contains(name) && own.size() < pools_max) own.insert(name);
        const bool folded = !own.contains(name);
        if (folded) rest.insert(name);
        const std::string label = folded ? std::string(catalogue::other) : name;

        auto group = std::find_if(
            result.groups.begin(), result.groups.end(), [&](const PoolGroup& candidate) {
                return candidate.pool == label && candidate.engine == one.labels.engine;
            });
        if (group == result.groups.end()) {
            group =
                result.groups.insert(result.groups.end(), {label, one.labels.engine, false, {}});
        }
        group->folded |= folded;
        group->probes.push_back(std::move(one));
    }
    result.folded = rest.size();
    return result;
}

}  // namespace weir::collectors
