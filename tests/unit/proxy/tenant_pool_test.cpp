#include "proxy/tenant_pool.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::proxy {
namespace {

Handshake with(const std::string& value) { return {"app", "", {{"application_name", value}}}; }

TEST(TenantPool, one_handshake_has_one_key) {
    TenantPool tenant;
    EXPECT_EQ(tenant.key(with("a")), tenant.key(with("a")));
    EXPECT_NE(tenant.key(with("a")), tenant.key(with("b")));
}

TEST(TenantPool, there_is_none_when_every_key_is_in_use) {
    TenantPool tenant;
    for (std::size_t i = 0; i < TenantPool::maximum_handshakes; ++i) {
        ASSERT_TRUE(tenant.key(with(std::to_string(i))));
    }
    EXPECT_FALSE(tenant.key(with("one more")));
    EXPECT_EQ(tenant.key(with("7")), 7U);
}

TEST(TenantPool, a_key_that_nobody_uses_goes_to_another) {
    TenantPool tenant;
    for (std::size_t i = 0; i < TenantPool::maximum_handshakes; ++i) {
        (void)tenant.key(with(std::to_string(i)));
    }
    tenant.greetings[3] = {{"TimeZone", "UTC"}};
    tenant.use(3);
    tenant.leave(3);
    EXPECT_FALSE(tenant.key(with("while its first client is there")));
    tenant.leave(3);
    EXPECT_EQ(tenant.key(with("one more")), 3U);
    EXPECT_EQ(tenant.handshake(3), with("one more"));
    EXPECT_FALSE(tenant.greetings.contains(3)) << "it was another handshake's";
}

TEST(TenantPool, an_unused_handshake_stays_while_there_is_room) {
    TenantPool tenant;
    const auto first = tenant.key(with("a"));
    tenant.leave(*first);
    EXPECT_NE(tenant.key(with("b")), first);
    EXPECT_EQ(tenant.key(with("a")), first);
}

}  // namespace
}  // namespace weir::proxy
