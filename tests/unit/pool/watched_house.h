// A house whose every promise is checked from outside: the budget's books, the pools' sizes and
// queues, and every gauge.
#pragma once

#include <array>
#include <map>

#include "pool/fake_house.h"

namespace weir::pool {

struct Actor : Client {
    Pool* from = nullptr;
    std::uint64_t asked = 0;  // order of its acquire
};

class WatchedHouse : public House {
  public:
    static constexpr unsigned tokens = 12;
    std::vector<Pool*> all;
    std::map<Pool*, unsigned> ceiling;  // the largest size each may have just now
    std::vector<std::unique_ptr<Actor>> actors;
    std::vector<Budget::SideToken> side;
    std::uint64_t asked = 0;
    unsigned elsewhere = 0;  // tokens of another process
    unsigned most_used = 0;  // tokens, those of another process, too, as last seen

    void expect_oldest(Client& client) {
        const auto& granted = static_cast<Actor&>(client);
        for (const auto& other : actors) {
            if (other.get() == &granted || other->from != granted.from) continue;
            if (!other->waiting() || other->key != granted.key) continue;
            // A connection goes to the oldest before others are let join it, who are told first.
            if (granted.shares && other->shares) continue;
            EXPECT_GT(other->asked, granted.asked) << "not first in, first out";
        }
    }

    void check_budget() {
        const Budget::Books books = the_gate().budget.books();
        const unsigned used = books.dialing + books.held + books.closing;
        EXPECT_LE(used + elsewhere, std::max(books.maximum, most_used))
            << "more than before beyond the maximum";
        most_used = used + elsewhere;
        if (used <= books.effective) {
            EXPECT_EQ(books.free + used, books.effective);
        } else {
            EXPECT_EQ(books.free, 0U);
        }
        const unsigned over = used > books.maximum ? used - books.maximum : 0;
        const unsigned wanted = over > 0 ? over : books.demand;
        EXPECT_LE(books.owed, wanted > books.closing ? wanted - books.closing : 0);
        EXPECT_EQ(upstream_probe->budget_used(), used);
        unsigned held = 0, closing = 0, dialing = 0;
        for (Pool* pool : all) {
            const Budget::Books account = the_gate().budget.books(pool->account());
            EXPECT_LE(account.owed, account.held);
            const PoolCounts c = pool->counts(now);
            EXPECT_EQ(account.held,
                      c.idle + c.checking + c.used + c.pinned + c.resetting + c.cancelling);
            EXPECT_EQ(account.closing, c.closing);
            EXPECT_GE(account.dialing, c.connecting);
            held += account.held;
            closing += account.closing;
            dialing += account.dialing;
        }
        EXPECT_EQ(held + side.size(), books.held);
        EXPECT_EQ(closing, books.closing);
        EXPECT_EQ(dialing, books.dialing);
    }

    void check_pool(Pool& pool) {
        const PoolCounts counts = pool.counts(now);
        base::ByWord<ServerState, unsigned> seen;
        std::array<unsigned, 2> idle{}, checking{}, lacking{};  // by key
        pool.for_each_server([&](Server& server) {
            ++seen[server.state()];
            if (server.state() == ServerState::idle) ++idle[server.key()];
            if (server.state() == ServerState::checking) ++checking[server.key()];
        });
        EXPECT_EQ(seen[ServerState::idle], counts.idle);
        EXPECT_EQ(seen[ServerState::checking], counts.checking);
        EXPECT_EQ(seen[ServerState::used], counts.used);
        EXPECT_EQ(seen[ServerState::pinned], counts.pinned);
        EXPECT_EQ(seen[ServerState::resetting], counts.resetting);
        EXPECT_EQ(seen[ServerState::closing], counts.closing);
        const unsigned size = counts.connecting + counts.idle + counts.checking + counts.used +
                              counts.pinned + counts.resetting + counts.cancelling + counts.closing;
        EXPECT_LE(size, ceiling[&pool]);
        ceiling[&pool] = std::max(size, counts.max);
        unsigned waiting = 0;
        for (const auto& actor : actors) {
            if (actor->from != &pool || !actor->waiting()) continue;
            ++waiting;
            ++lacking[actor->key];
        }
        for (std::size_t key = 0; key < idle.size() && !counts.paused; ++key) {
            if (lacking[key] <= checking[key]) continue;  // one is being checked for each
            EXPECT_EQ(idle[key], 0U) << "somebody waits for what lies idle";
        }
        std::map<const Server*, unsigned> users, sharers;
        for (const auto& actor : actors) {
            if (actor->from != &pool || actor->server == nullptr) continue;
            if (actor->server->state() == ServerState::closing) continue;
            ++users[actor->server];
            if (actor->shares) ++sharers[actor->server];
        }
        for (const auto& [server, count] : users) {
            EXPECT_EQ(server->sharers(), sharers[server]);
            EXPECT_TRUE(count == 1 || count == sharers[server]) << "used alone and shared";
        }
        pool.for_each_server([&](Server& server) {
            const bool in_use =
                server.state() == ServerState::used || server.state() == ServerState::pinned;
            EXPECT_TRUE(!in_use || users.contains(&server)) << "used by nobody";
        });
        EXPECT_EQ(waiting, counts.waiting);
        EXPECT_EQ(pool.tenant_probe().cells().pending.read(), waiting);
        EXPECT_EQ(pool.tenant_probe().cells().used.read(), counts.used + counts.pinned);
    }

    void check_probes() {
        std::map<const telemetry::PoolProbe*, std::array<std::int64_t, 8>> sums;
        std::map<const telemetry::PoolProbe*, std::int64_t> waiting;
        for (Pool* pool : all) {
            const PoolCounts c = pool->counts(now);
            auto& sum = sums[&pool->probe()];
            const std::array<unsigned, 8> states{c.connecting, c.idle,   c.checking,
                                                 c.used,       c.pinned, c.resetting,
                                                 c.cancelling, c.closing};
            for (std::size_t i = 0; i < states.size(); ++i) sum[i] += states[i];
            waiting[&pool->probe()] += c.waiting;
        }
        for (const auto& [probe, states] : sums) {
            for (std::size_t i = 0; i < states.size(); ++i) {
                EXPECT_EQ(probe->connections(static_cast<ServerState>(i)), states[i]);
            }
            EXPECT_EQ(probe->pending(), waiting[probe]);
        }
    }

    // After a tick of every loop, just now: who waited for a connection in use waited for somebody.
    void check_blame() {
        using telemetry::Holder;
        for (Pool* pool : all) {
            const telemetry::PoolProbe& told = pool->probe();
            EXPECT_EQ(told.blocked_nanoseconds(Holder::same_tenant) +
                          told.blocked_nanoseconds(Holder::other_tenant),
                      told.wait_nanoseconds(WaitCause::pool_full) +
                          told.wait_nanoseconds(WaitCause::budget));
        }
    }

    void check_all() {
        check_budget();
        for (Pool* pool : all) check_pool(*pool);
        check_probes();
    }
};

}  // namespace weir::pool
