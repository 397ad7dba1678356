#include "collectors/otlp/resource.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"

namespace weir::collectors::otlp {

Resource describe(const settings::TraceExport& traces, const Identity& identity) {
    Resource resource{{}, identity.version};
    for (const auto& [key, value] : traces.resource) {
        resource.attributes.emplace_back(base::replaced_utf8(key), value);
    }
    const auto add = [&](const char* key, Resource::Value value) {
        const bool known =
            std::any_of(resource.attributes.begin(), resource.attributes.end(),
                        [&](const auto& attribute) { return attribute.first == key; });
        if (!known) resource.attributes.emplace_back(key, std::move(value));
    };
    add("service.name", "weir");
    add("service.version", identity.version);
    add("service.instance.id", identity.name);
    add("host.name", identity.host);
    add("process.pid", identity.process);
    return resource;
}

}  // namespace weir::collectors::otlp
