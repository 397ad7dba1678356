#include "proxy/console_tables.h"

#include <gtest/gtest.h>

#include <memory>

namespace weir::proxy {
namespace {

using wire::postgresql::Row;

ConsoleFacts facts() {
    auto settings = std::make_shared<settings::Settings>();
    settings->upstream.resize(1);
    settings->upstream[0].name = "main";
    settings->upstream[0].address = "db1:5433,db2:5433";
    for (const char* match : {"tenant_{tenant}", "named", "*"}) {
        settings::Pool pool;
        pool.name = std::string("of ") + match;
        pool.match = match;
        pool.upstream = "main";
        settings->pool.push_back(pool);
    }
    settings->pool[0].user = "app_{tenant}";
    ConsoleFacts facts;
    PoolStatus status;
    status.pool = "of tenant_{tenant}";
    status.tenant = "acme";
    status.mode = "transaction";
    status.counts.max = 4;
    status.counts.used = status.counts.pinned = status.counts.waiting = 1;
    status.counts.oldest_wait = std::chrono::milliseconds(2500);
    status.clients = 3;
    status.queries = 90;
    status.transactions = 60;
    status.query_nanoseconds = 3'000'000;
    facts.snapshot.pools.push_back(status);
    facts.settings = settings;
    return facts;
}

std::string cell(const ConsoleTable& table, std::size_t row, std::string_view column) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (table.columns[i].name == column) return table.rows.at(row)[i].value_or("NULL");
    }
    ADD_FAILURE() << "no column " << column;
    return {};
}

TEST(ConsoleTables, every_row_has_a_value_for_each_column) {
    for (std::size_t i = 0; i < base::word_count<ConsoleSubject>; ++i) {
        const auto table = console_table(static_cast<ConsoleSubject>(i), facts());
        for (const Row& row : table.rows) EXPECT_EQ(row.size(), table.columns.size());
    }
}

TEST(ConsoleTables, a_database_has_the_name_that_clients_ask_for) {
    const auto kept = facts().settings;
    const auto& settings = *kept;
    EXPECT_EQ(database_name(settings, "of tenant_{tenant}", "acme", ""), "tenant_acme");
    EXPECT_EQ(database_name(settings, "of named", "named", ""), "named");
    EXPECT_EQ(database_name(settings, "of *", "other", ""), "other");
}

TEST(ConsoleTables, pools_tell_clients_servers_and_the_longest_wait) {
    const auto table = console_table(ConsoleSubject::pools, facts());
    EXPECT_EQ(cell(table, 0, "database"), "tenant_acme");
    EXPECT_EQ(cell(table, 0, "user"), "app_acme");
    EXPECT_EQ(cell(table, 0, "cl_active"), "2");
    EXPECT_EQ(cell(table, 0, "cl_waiting"), "1");
    EXPECT_EQ(cell(table, 0, "sv_active"), "2");
    EXPECT_EQ(cell(table, 0, "maxwait"), "2");
    EXPECT_EQ(cell(table, 0, "maxwait_us"), "500000");
}

TEST(ConsoleTables, databases_that_nobody_uses_yet_are_listed_by_their_names) {
    const auto table = console_table(ConsoleSubject::databases, facts());
    ASSERT_EQ(table.rows.size(), 2U);
    EXPECT_EQ(cell(table, 0, "pool_size"), "4");
    EXPECT_EQ(cell(table, 1, "name"), "named");
    EXPECT_EQ(cell(table, 1, "host"), "db1");
    EXPECT_EQ(cell(table, 1, "port"), "5433");
    EXPECT_EQ(cell(table, 1, "force_user"), "NULL");
}

TEST(ConsoleTables, averages_are_of_the_last_period_and_nothing_before_one_is_over) {
    auto with = facts();
    EXPECT_EQ(cell(console_table(ConsoleSubject::stats, with), 0, "avg_query_count"), "0");
    with.averages.to = totals_of(*with.settings, with.snapshot);
    with.averages.from["tenant_acme"].queries = 30;
    with.averages.seconds = 60;
    const auto table = console_table(ConsoleSubject::stats, with);
    EXPECT_EQ(cell(table, 0, "avg_query_count"), "1");
    EXPECT_EQ(cell(table, 0, "avg_query_time"), "50") << "microseconds of one query";
    with.averages.from["tenant_acme"].queries = 1000;
    EXPECT_EQ(cell(console_table(ConsoleSubject::stats, with), 0, "avg_query_count"), "0")
        << "a pool that came back counts anew";
}

}  // namespace
}  // namespace weir::proxy
