#include "proxy/tenant_pool.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::proxy {
namespace {

Handshake with(const std::string& user) { return {user, {}}; }

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
    tenant.remember_greeting(3, tenant.sets.empty(), tenant.sets.obtain({{"TimeZone", "UTC"}}));
    tenant.use(3);
    tenant.leave(3);
    EXPECT_FALSE(tenant.key(with("while its first client is there")));
    tenant.leave(3);
    EXPECT_EQ(tenant.key(with("one more")), 3U);
    EXPECT_EQ(tenant.handshake(3), with("one more"));
    EXPECT_EQ(tenant.greeting(3, tenant.sets.empty()), nullptr) << "it was another handshake's";
}

TEST(TenantPool, an_unused_handshake_stays_while_there_is_room) {
    TenantPool tenant;
    const auto first = tenant.key(with("a"));
    tenant.leave(*first);
    EXPECT_NE(tenant.key(with("b")), first);
    EXPECT_EQ(tenant.key(with("a")), first);
}

TEST(TenantPool, greetings_are_told_apart_by_account_and_settings) {
    TenantPool tenant;
    const ParameterSetRef mine = tenant.sets.obtain({{"datestyle", "German"}});
    const ParameterSetRef told = tenant.sets.obtain({{"DateStyle", "German, DMY"}});
    tenant.remember_greeting(0, mine, told);
    EXPECT_EQ(tenant.greeting(0, mine), told);
    EXPECT_EQ(tenant.greeting(1, mine), nullptr);
    EXPECT_EQ(tenant.greeting(0, tenant.sets.empty()), nullptr);
}

TEST(TenantPool, the_oldest_greeting_goes_first) {
    TenantPool tenant;
    std::vector<ParameterSetRef> sets;
    for (std::size_t i = 0; i <= TenantPool::maximum_greetings; ++i) {
        sets.push_back(tenant.sets.obtain({{"work_mem", std::to_string(i)}}));
        tenant.remember_greeting(0, sets.back(), tenant.sets.empty());
    }
    EXPECT_EQ(tenant.greeting(0, sets.front()), nullptr);
    EXPECT_NE(tenant.greeting(0, sets.back()), nullptr);
}

TEST(TenantPool, a_dedicated_key_is_one_clients_alone) {
    TenantPool tenant;
    const auto shared = tenant.key(with("a"));
    const auto first = tenant.dedicated_key(with("a"));
    const auto second = tenant.dedicated_key(with("a"));
    EXPECT_NE(first, second);
    EXPECT_TRUE(pool::is_dedicated(first) && pool::is_dedicated(second));
    EXPECT_FALSE(pool::is_dedicated(*shared));
    EXPECT_EQ(tenant.handshake(second), with("a"));
    tenant.use(first);  // its connection's
    tenant.leave(first);
    EXPECT_NE(tenant.dedicated_key(with("b")), first) << "its client is still there";
    tenant.leave(first);
    EXPECT_EQ(tenant.dedicated_key(with("c")), first);
    EXPECT_EQ(tenant.handshake(first), with("c"));
}

TEST(TenantPool, dedicated_clients_take_no_places_of_accounts_or_greetings) {
    TenantPool tenant;
    for (std::size_t i = 0; i <= TenantPool::maximum_handshakes; ++i) {
        const auto key = tenant.dedicated_key(with("a"));
        tenant.remember_greeting(key, tenant.sets.empty(), tenant.sets.empty());
        EXPECT_EQ(tenant.greeting(key, tenant.sets.empty()), nullptr);
    }
    EXPECT_TRUE(tenant.key(with("b")));
}

TEST(TenantPool, remade_it_dials_as_the_new_settings_say_and_knows_no_greeting) {
    TenantPool tenant;
    tenant.asked = "tenant_a";
    tenant.match = {"a", ""};
    (void)tenant.key(with("old"));
    const auto own = tenant.dedicated_key(with("old"));
    tenant.remember_greeting(0, tenant.sets.empty(), tenant.sets.obtain({{"TimeZone", "UTC"}}));
    settings::Pool settings;
    settings.database = "db_{tenant}";
    settings.user = "user_{tenant}";
    tenant.remake(settings);
    EXPECT_EQ(tenant.database, "db_a");
    EXPECT_EQ(tenant.handshake(0).user, "user_a");
    EXPECT_EQ(tenant.handshake(own).user, "user_a");
    EXPECT_EQ(tenant.greeting(0, tenant.sets.empty()), nullptr);
    EXPECT_EQ(tenant.generation, 1U);
    settings.database = "";
    tenant.remake(settings);
    EXPECT_EQ(tenant.database, "tenant_a");
}

}  // namespace
}  // namespace weir::proxy
