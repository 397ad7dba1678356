#include "proxy/replacement.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::proxy {
namespace {

using settings::Engine;
using settings::Settings;

// Upstreams and pools without a socket: the places that things have.
class ReplacementTest : public testing::Test {
  public:
    ReplacementTest() {
        upstream("main");
        pool("tenants", "tenant_{tenant}");
        pool("rest", "*");
    }

    settings::Pool& pool(const std::string& name, const std::string& match) {
        settings::Pool& made = next.pool.emplace_back();
        made.name = name;
        made.match = match;
        made.upstream = "main";
        made.user = "app";
        return made;
    }
    settings::Upstream& upstream(const std::string& name) {
        settings::Upstream& made = next.upstream.emplace_back();
        made.name = name;
        made.address = "127.0.0.1:1";
        return made;
    }
    Shared& shared() {
        if (shared_ == nullptr) {
            const auto settings = std::make_shared<const Settings>(next);
            shared_ = std::make_unique<Shared>(settings, *Routes::compile(settings), 1);
            accounts_ = std::make_unique<Accounts>(settings, "salt");
        }
        return *shared_;
    }
    std::unique_ptr<Replacement> reload() {
        auto replacement =
            *Replacement::prepare(std::make_shared<const Settings>(next), shared(), *accounts_);
        replacement->swap(shared());
        return replacement;
    }
    unsigned slot(const std::string& database) {
        return shared().routes.find(Engine::postgresql, database)->template_index;
    }

    Settings next;

  private:
    std::unique_ptr<Shared> shared_;
    std::unique_ptr<Accounts> accounts_;
};

TEST_F(ReplacementTest, pools_keep_their_place_in_another_order) {
    (void)shared();
    std::swap(next.pool[0], next.pool[1]);
    reload();
    EXPECT_EQ(slot("tenant_a"), 1U) << "the first that matches";
    EXPECT_EQ(shared().templates[0]->name, "tenants");
    EXPECT_EQ(shared().templates[1]->name, "rest");
}

TEST_F(ReplacementTest, a_removed_pool_leaves_its_place_to_its_name) {
    (void)shared();
    const settings::Pool removed = next.pool[0];
    next.pool.erase(next.pool.begin());
    reload();
    EXPECT_FALSE(shared().template_served[0]);
    EXPECT_EQ(slot("tenant_a"), 1U);
    pool("new", "new");
    reload();
    EXPECT_EQ(slot("tenant_a"), 1U);
    EXPECT_EQ(shared().templates.size(), 3U);
    next.pool.insert(next.pool.begin(), removed);
    reload();
    EXPECT_TRUE(shared().template_served[0]);
    EXPECT_EQ(slot("tenant_a"), 0U);
    EXPECT_EQ(shared().templates.size(), 3U);
}

TEST_F(ReplacementTest, a_match_that_names_other_databases_is_another_pool) {
    (void)shared();
    next.pool[0].match = "db_{tenant}";
    reload();
    EXPECT_FALSE(shared().template_served[0]);
    EXPECT_EQ(slot("db_a"), 2U);
}

TEST_F(ReplacementTest, another_match_is_the_same_pool_where_the_database_is_said) {
    next.pool[0].database = "tenant_{tenant}";
    (void)shared();
    next.pool[0].match = "db_{tenant}";
    reload();
    EXPECT_EQ(slot("db_a"), 0U);
}

TEST_F(ReplacementTest, a_pool_that_takes_its_clients_accounts_is_another) {
    (void)shared();
    next.pool[1].user = "";
    reload();
    EXPECT_EQ(slot("other"), 2U);
    EXPECT_FALSE(shared().template_served[1]);
}

TEST_F(ReplacementTest, connections_go_only_where_they_would_be_made_otherwise) {
    upstream("second").address = "127.0.0.1:2";
    (void)shared();
    next.upstream[0].max_connections = 7;
    next.upstream[1].tls.mode = settings::ServerTls::require;
    const auto replacement = reload();
    EXPECT_EQ(replacement->moved_upstreams, std::set<unsigned>{1});
    EXPECT_EQ(replacement->dialers.size(), 1U) << "of before";
    EXPECT_EQ(shared().upstreams[0]->gate.budget.books().maximum, 7U);
    EXPECT_TRUE(replacement->asks_anew);
}

TEST_F(ReplacementTest, an_open_breaker_closes_when_the_server_is_another) {
    pool::Breaker& breaker = shared().upstreams[0]->gate.breaker;
    for (int i = 0; i < 5; ++i) breaker.failed(base::Instant(std::chrono::hours(1)));
    ASSERT_FALSE(breaker.closed());
    next.pool[0].max_size = 3;
    reload();
    EXPECT_FALSE(breaker.closed());
    next.upstream[0].address = "127.0.0.1:2";
    reload();
    EXPECT_TRUE(breaker.closed());
}

TEST_F(ReplacementTest, an_upstream_that_is_removed_stays_for_who_uses_it) {
    upstream("second");
    (void)shared();
    next.upstream.pop_back();
    reload();
    EXPECT_FALSE(shared().upstreams[1]->served);
    upstream("third");
    reload();
    EXPECT_EQ(shared().upstreams.size(), 3U);
    upstream("second");
    reload();
    EXPECT_EQ(shared().upstreams.size(), 3U);
    EXPECT_TRUE(shared().upstreams[1]->served);
}

}  // namespace
}  // namespace weir::proxy
