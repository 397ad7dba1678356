#include "collectors/otlp/resource.h"

#include <gtest/gtest.h>

#include <map>

namespace weir::collectors::otlp {
namespace resource_test {

const Identity identity{"front", "0.1", "box", 7};

std::map<std::string, Resource::Value> described(const settings::TraceExport& traces) {
    const Resource resource = describe(traces, identity);
    std::map<std::string, Resource::Value> all(resource.attributes.begin(),
                                               resource.attributes.end());
    EXPECT_EQ(all.size(), resource.attributes.size()) << "no key twice";
    return all;
}

TEST(Resource, agent_says_its_name_version_host_and_process) {
    auto all = described({});
    EXPECT_EQ(all["service.name"], Resource::Value("weir"));
    EXPECT_EQ(all["service.version"], Resource::Value("0.1"));
    EXPECT_EQ(all["service.instance.id"], Resource::Value("front"));
    EXPECT_EQ(all["host.name"], Resource::Value("box"));
    EXPECT_EQ(all["process.pid"], Resource::Value(std::int64_t{7}));
    EXPECT_EQ(describe({}, identity).version, "0.1");
}

TEST(Resource, what_the_environment_says_comes_first) {
    settings::TraceExport traces;
    traces.resource = {{"service.name", "gate"}, {"host.name", "node-3"}, {"zone", "b"}};
    auto all = described(traces);
    EXPECT_EQ(all["service.name"], Resource::Value("gate"));
    EXPECT_EQ(all["host.name"], Resource::Value("node-3"));
    EXPECT_EQ(all["zone"], Resource::Value("b"));
    EXPECT_EQ(all["service.instance.id"], Resource::Value("front"));
}

}  // namespace resource_test
}  // namespace weir::collectors::otlp
