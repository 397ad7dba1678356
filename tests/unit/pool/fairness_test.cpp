// Closed-loop clients on simulated time, a millisecond a step: who gets how much of a budget that
// is too small for all.
#include <numeric>

#include "pool/fake_house.h"

namespace weir::pool {
namespace {

using Kind = Acquired::Kind;

class FairnessTest : public House {
  public:
    struct Worker : Client {
        Pool* from = nullptr;
        std::size_t tenant = 0;
        Instant asked{};
    };
    std::vector<std::unique_ptr<Worker>> workers;
    std::vector<unsigned> served;              // by tenant
    std::vector<std::vector<Duration>> waits;  // by tenant
    std::deque<std::pair<Instant, std::size_t>> dial_due;
    std::vector<std::size_t> dials_seen = std::vector<std::size_t>(2, 0);
    unsigned dialed = 0;

    void tenant_with(unsigned clients, unsigned weight = 1) {
        const std::size_t on = served.size() % 2;
        settings::Pool its = settings;
        its.name = "weight" + std::to_string(weight);
        its.weight = weight;
        TemplatePools* pools = nullptr;
        for (auto& each : loop(on).templates) {
            const auto any = [&] {
                const settings::Pool* found = nullptr;
                each->for_each([&](Pool& p) { found = &p.settings(); });
                return found;
            }();
            if (any != nullptr && any->name == its.name) pools = each.get();
        }
        if (pools == nullptr) pools = &add(its, on);
        Pool* pool = pools->obtain({"t" + std::to_string(served.size()), ""}, now);
        for (unsigned i = 0; i < clients; ++i) {
            workers.push_back(std::make_unique<Worker>());
            workers.back()->from = pool;
            workers.back()->tenant = served.size();
        }
        served.push_back(0);
        waits.emplace_back();
    }

    void ask(Worker& worker) {
        worker.asked = now;
        acquire(*worker.from, worker);
    }

    // Every checkout takes a millisecond, a dial five, a close one.
    void simulate(Duration time) {
        for (auto& worker : workers) {
            if (!worker->waiting() && worker->server == nullptr) ask(*worker);
        }
        for (const Instant end = now + time; now < end;) {
            deliver();
            for (std::size_t on = 0; on < loops.size(); ++on) {
                for (; dials_seen[on] < loops[on]->host.dials.size(); ++dials_seen[on]) {
                    dial_due.emplace_back(now + dial_time, on);
                }
                while (!loops[on]->host.closes.empty()) loops[on]->finish_close(0, now);
            }
            now += 1ms;
            while (!dial_due.empty() && dial_due.front().first <= now) {
                const std::size_t on = dial_due.front().second;
                dial_due.pop_front();
                --dials_seen[on];
                ++dialed;
                loops[on]->answer_dial(0, dial_time, now);
            }
            std::vector<Worker*> done;
            for (auto& worker : workers) {
                if (worker->server != nullptr) done.push_back(worker.get());
            }
            for (Worker* worker : done) {
                ++served[worker->tenant];
                waits[worker->tenant].push_back(worker->server->held_since() - worker->asked);
                release(*worker);
            }
            for (Worker* worker : done) ask(*worker);
            if (now.time_since_epoch() % 100ms == Duration::zero()) tick();
            ASSERT_LE(the_gate().budget.books().held, upstream.max_connections);
        }
    }

    [[nodiscard]] static Duration median(std::vector<Duration> of) {
        std::sort(of.begin(), of.end());
        return of.empty() ? Duration::max() : of[of.size() / 2];
    }
};

TEST_F(FairnessTest, two_hundred_tenants_over_forty_tokens_all_get_their_turns) {
    upstream.max_connections = 40;
    settings.max_size = 20;
    settings.acquire_timeout = 60s;
    for (int i = 0; i < 200; ++i) tenant_with(5);
    simulate(3s);
    const unsigned least = *std::min_element(served.begin(), served.end());
    const unsigned most = *std::max_element(served.begin(), served.end());
    EXPECT_GT(least, 100U);
    EXPECT_LT(most, least * 3);
    // Not a dial a query: each turn lasts a quantum of twenty dials.
    const unsigned total = std::accumulate(served.begin(), served.end(), 0U);
    EXPECT_GT(total, 75'000U) << "of 120,000 without any dialing";
    EXPECT_LT(dialed, 40U * 30U + 40U);
}

TEST_F(FairnessTest, a_tenant_with_many_clients_takes_only_what_others_leave) {
    upstream.max_connections = 40;
    settings.max_size = 40;
    settings.acquire_timeout = 60s;
    tenant_with(300);
    simulate(1s);
    EXPECT_EQ(served[0] / 1000, 39U) << "all of it while alone";
    for (int i = 0; i < 19; ++i) tenant_with(4);
    simulate(1s);
    for (auto& of : waits) of.clear();
    std::fill(served.begin(), served.end(), 0);
    simulate(2s);
    const unsigned least = *std::min_element(served.begin() + 1, served.end());
    EXPECT_GE(least, 2000U) << "an equal share: two connections or more, less the dialing";
    EXPECT_LE(median(waits[1]), 3ms);
}

TEST_F(FairnessTest, weights_set_the_shares) {
    upstream.max_connections = 40;
    settings.max_size = 40;
    settings.acquire_timeout = 60s;
    tenant_with(100, 1);
    simulate(1s);
    tenant_with(100, 3);
    simulate(2s);
    std::fill(served.begin(), served.end(), 0);
    simulate(3s);
    const double ratio = static_cast<double>(served[1]) / served[0];
    EXPECT_GT(ratio, 2.3);
    EXPECT_LT(ratio, 3.7);
}

}  // namespace
}  // namespace weir::pool
