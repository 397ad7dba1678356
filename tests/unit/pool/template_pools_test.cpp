#include "pool/template_pools.h"

#include "pool/fake_house.h"

namespace weir::pool {
namespace {

using TemplatePoolsTest = House;

TEST_F(TemplatePoolsTest, a_tenants_pool_is_made_once) {
    Pool& made = pool("acme");
    EXPECT_EQ(&pool("acme"), &made);
    EXPECT_EQ(pools().find({"acme", ""}), &made);
    EXPECT_EQ(pools().find({"acme", "web"}), nullptr);
    EXPECT_EQ(made.probe().tenants(telemetry::TenantState::known), 1);
    EXPECT_EQ(made.probe().max_connections(), 2);
}

TEST_F(TemplatePoolsTest, an_unused_pool_is_forgotten_with_nothing_left) {
    settings.pool_idle_timeout = 30min;
    settings.idle_timeout = 0s;
    Client client;
    hold(pool(), client);
    release(client);
    pass(30min);
    EXPECT_EQ(pools().size(), 1U) << "its connection is closing";
    EXPECT_THAT(host().closes, SizeIs(1));
    finish_closes();
    pass(1s);
    EXPECT_EQ(pools().size(), 0U);
    EXPECT_EQ(registry.tenants().read(true).own.size(), 1U) << "what it counted stays";
    EXPECT_EQ(the_gate().budget.books().free, upstream.max_connections);
}

TEST_F(TemplatePoolsTest, use_puts_forgetting_off) {
    settings.pool_idle_timeout = 30min;
    Client client;
    hold(pool(), client);
    pass(29min);
    release(client);
    pass(29min);
    run();
    pass(1s);
    EXPECT_EQ(pools().size(), 1U);
    pass(2min);
    run();
    pass(2s);
    EXPECT_EQ(pools().size(), 0U);
}

TEST_F(TemplatePoolsTest, a_pool_to_which_somebody_is_under_way_is_kept) {
    settings.pool_idle_timeout = 30min;
    host().forgets = false;
    pool();
    pass(31min);
    EXPECT_EQ(pools().size(), 1U);
}

TEST_F(TemplatePoolsTest, more_than_max_tenants_are_refused_unless_an_unused_one_can_go) {
    settings.max_tenants = 2;
    Client client;
    hold(pool("a"), client);
    pool("b");
    EXPECT_NE(pools().obtain({"c", ""}, now), nullptr);
    EXPECT_EQ(pools().find({"b", ""}), nullptr);
    host().forgets = false;
    EXPECT_EQ(pools().obtain({"d", ""}, now), nullptr);
    EXPECT_EQ(pool("a").probe().rejections(RejectReason::tenant_limit), 1U);
    release(client);
}

TEST_F(TemplatePoolsTest, max_tenants_counts_the_pools_of_all_loops) {
    settings.max_tenants = 2;
    host().forgets = false;
    loop(1).host.forgets = false;
    TemplatePools& here = add(settings, 0);
    TemplatePools& there = add(settings, 1);
    EXPECT_NE(here.obtain({"a", ""}, now), nullptr);
    EXPECT_NE(there.obtain({"b", ""}, now), nullptr);
    EXPECT_EQ(here.obtain({"c", ""}, now), nullptr);
}

TEST_F(TemplatePoolsTest, a_message_to_a_pool_that_is_gone_is_lost_quietly) {
    upstream.max_connections = 1;
    settings.pool_idle_timeout = 1min;
    settings.acquire_timeout = 1s;
    Client holder, waiter;
    hold(pool("a"), holder);
    acquire(pool("b"), waiter);
    pool("a").discard(*holder.server, ReapReason::desync, now);
    finish_closes();  // the token is granted to b, and a message is under way
    EXPECT_THAT(loop().port.tasks, SizeIs(1));
    pool("b").cancel(waiter, now);
    pass(1min);
    pass(2s);
    EXPECT_EQ(pools().size(), 0U);
    deliver();
    EXPECT_EQ(the_gate().budget.books().free, 1U);
}

TEST_F(TemplatePoolsTest, a_loop_that_ends_leaves_no_trace_in_the_budget) {
    Client client, waiter;
    hold(pool("a"), client);
    acquire(pool("b"), waiter);
    loop().templates.clear();
    EXPECT_EQ(the_gate().budget.books().free, upstream.max_connections);
    EXPECT_FALSE(waiter.waiting());
}

TEST_F(TemplatePoolsTest, a_server_destroyed_before_its_pool_leaves_by_itself) {
    Client client;
    hold(pool(), client);
    loop().servers.clear();
    EXPECT_EQ(pool().counts(now).used, 0U);
    EXPECT_EQ(pool().tenant_probe().cells().used.read(), 0);
}

}  // namespace
}  // namespace weir::pool
