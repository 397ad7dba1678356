// Seeded random events over several pools, templates and loops, with messages that come late and
// out of step. After each, everything that must always hold is checked from outside; at the end all
// who wait must come to be served.
#include <array>
#include <map>
#include <random>

#include "pool/watched_house.h"

namespace weir::pool {
namespace {

class RandomEventsTest : public WatchedHouse, public testing::WithParamInterface<unsigned> {
  public:
    std::mt19937 random{GetParam()};
    // The weather: how many clients want something, how many dials in a hundred fail.
    std::size_t active = 60;
    unsigned failing = 10;

    unsigned pick(std::size_t below) {
        return static_cast<unsigned>(random() % static_cast<unsigned>(below));
    }
    bool chance(unsigned percent) { return pick(100) < percent; }

    void build() {
        upstream.max_connections = tokens;
        settings.acquire_timeout = 1000h;
        settings.idle_timeout = 500ms;
        settings.max_lifetime = 3s;
        settings.validate_after = 200ms;
        settings.pool_idle_timeout = 0s;
        settings.max_size = 4;
        settings::Pool second = settings;
        second.name = "reserved";
        second.reserved = 2;
        second.weight = 3;
        second.min_idle = 1;
        second.mode = settings::PoolMode::session;
        for (std::size_t on = 0; on < 2; ++on) {
            for (const settings::Pool& of : {settings, second}) {
                TemplatePools& pools = add(of, on);
                for (const char* tenant : {"a", "b", "c"}) {
                    all.push_back(pools.obtain({tenant + std::to_string(on), ""}, now));
                    ceiling[all.back()] = of.max_size;
                }
            }
            loop(on).host.on_grant = [this](Client& client) { expect_oldest(client); };
        }
        for (unsigned i = 0; i < 60; ++i) {
            actors.push_back(std::make_unique<Actor>());
            actors.back()->from = all[i % all.size()];
        }
    }

    void change_weather() {
        active = std::array<std::size_t, 4>{3, 8, 20, 60}[pick(4)];
        failing = std::array<unsigned, 5>{0, 5, 5, 30, 100}[pick(5)];
    }

    // Half of the time somebody who holds a connection, else anybody.
    Actor& some_actor() {
        const std::size_t first = pick(actors.size());
        for (std::size_t i = 0; i < actors.size() && chance(97); ++i) {
            Actor& actor = *actors[(first + i) % actors.size()];
            if (actor.server != nullptr) return actor;
        }
        return *actors[first];
    }

    void client_step() {
        Actor& actor = chance(50) ? some_actor() : *actors[pick(actors.size())];
        Pool& from = *actor.from;
        if (actor.waiting()) {
            if (chance(3)) from.cancel(actor, now);
            return;
        }
        if (actor.server == nullptr) {
            if (pick(actors.size()) >= active) return;
            actor.key = chance(90) ? 0 : 1;
            actor.shares = chance(30);
            actor.asked = ++asked;
            acquire(from, actor);
            return;
        }
        FakeServer& server = *actor.server;
        const bool in_use =
            server.state() == ServerState::used || server.state() == ServerState::pinned;
        if (server.state() == ServerState::closing) {
            actor.server = nullptr;
        } else if (actor.shares) {
            if (chance(95)) {
                let_go(actor);
            } else {
                from.discard(server, ReapReason::desync, now);
            }
        } else if (!in_use || chance(60)) {
            release(actor);
        } else if (chance(10)) {
            from.discard(server, ReapReason::desync, now);
            actor.server = nullptr;
        } else if (chance(30)) {
            from.pin(server, PinReason::temp_table, now);
        } else if (chance(30)) {
            from.unpin(server, now);
        } else if (chance(30)) {
            from.begin_reset(server, now);
        } else {
            from.quiet(server, chance(50), now);
            if (chance(50)) from.busy(server, now);
        }
    }

    void let_go(Actor& actor) {
        if (!actor.shares) {
            release(actor);
            return;
        }
        FakeServer* server = std::exchange(actor.server, nullptr);
        actor.from->part(*server, now, now);
    }

    void server_step() {
        FakeLoop& home = *loops[pick(loops.size())];
        FakeHost& verbs = home.host;
        switch (pick(5)) {
            case 0:
                if (!verbs.dials.empty()) {
                    const std::size_t which = pick(verbs.dials.size());
                    if (!chance(failing)) {
                        home.answer_dial(which, 2ms, now);
                    } else if (failing == 100) {
                        home.fail_dial(which, CreateFailure::refused, now);
                    } else {
                        home.fail_dial(which, static_cast<CreateFailure>(pick(8)), now);
                    }
                }
                break;
            case 1:
                if (!verbs.closes.empty()) home.finish_close(pick(verbs.closes.size()), now);
                break;
            case 2:
                if (!verbs.checks.empty()) {
                    FakeServer* server = verbs.checks.back();
                    verbs.checks.pop_back();
                    server->pool()->checked(*server, chance(80), now);
                }
                break;
            case 3:
                if (!home.servers.empty() && chance(10)) {
                    FakeServer& lost = *home.servers[pick(home.servers.size())];
                    std::erase(verbs.checks, &lost);
                    lost.pool()->server_lost(lost, now);
                }
                break;
            default:
                if (!home.port.tasks.empty()) home.port.deliver_one();
        }
    }

    void operator_step() {
        Pool& target = *all[pick(all.size())];
        switch (pick(8)) {
            case 0:
                target.pause(now);
                break;
            case 1:
                target.resume(now);
                break;
            case 2:
                target.clear(now);
                break;
            case 3: {
                const unsigned size = 1 + pick(4);
                ceiling[&target] = std::max(ceiling[&target], size);
                target.resize(size, now);
                break;
            }
            case 4:
                // A predecessor lets go of some, or there is another restart.
                if (elsewhere > 0) {
                    elsewhere -= 1 + pick(elsewhere);
                } else {
                    elsewhere = the_gate().budget.books().free;
                }
                the_gate().budget.set_elsewhere(elsewhere, now);
                break;
            case 5:
                the_gate().budget.resize(1 + pick(tokens + 4), now);
                break;
            case 6:
                reconfigure();
                break;
            default:
                if (side.empty()) {
                    if (auto token = the_gate().budget.borrow_side(now)) {
                        side.push_back(std::move(*token));
                    }
                } else {
                    side.clear();
                }
        }
    }

    // A reload changes a template on one loop: its limits, its weight, its reserve.
    void reconfigure() {
        TemplatePools& pools = *loops[pick(loops.size())]->templates[pick(2)];
        settings::Pool changed = pools.settings();
        changed.weight = 1 + pick(4);
        changed.reserved = pick(3);
        changed.min_idle = pick(3);
        changed.max_size = 1 + pick(5);
        changed.idle_timeout = std::chrono::milliseconds(100 * pick(8));
        changed.max_lifetime = std::chrono::seconds(pick(4));
        pools.for_each(
            [&](Pool& pool) { ceiling[&pool] = std::max(ceiling[&pool], changed.max_size); });
        pools.reconfigure(changed, now);
        if (chance(20)) pools.for_each([this](Pool& pool) { pool.remade(now); });
    }

    void step() {
        const unsigned what = pick(100);
        if (what < 45) {
            client_step();
        } else if (what < 88) {
            server_step();
        } else if (what < 98) {
            now += chance(3) ? Duration(12s) : std::chrono::milliseconds(pick(60));
            FakeLoop& home = *loops[pick(loops.size())];
            for (auto& templates : home.templates) templates->tick(now);
        } else {
            operator_step();
        }
    }

    // Checks still expected of a server that went away meanwhile are forgotten.
    void forget_stale_checks() {
        for (auto& home : loops) {
            std::erase_if(home->host.checks, [&home](FakeServer* server) {
                return std::none_of(home->servers.begin(), home->servers.end(),
                                    [server](const auto& s) { return s.get() == server; }) ||
                       server->state() != ServerState::checking;
            });
        }
        for (auto& actor : actors) {
            if (actor->server != nullptr && actor->server->state() == ServerState::closing) {
                actor->server = nullptr;
            }
        }
    }

    // That the weather brought what there is to be checked.
    void expect_a_rich_life() {
        base::ByWord<ServedSource, std::uint64_t> served;
        base::ByWord<ReapReason, std::uint64_t> reaped;
        std::map<const telemetry::PoolProbe*, bool> seen;
        for (Pool* pool : all) {
            if (std::exchange(seen[&pool->probe()], true)) continue;
            for (unsigned i = 0; i < base::word_count<ServedSource>; ++i) {
                served.values[i] += pool->probe().served(static_cast<ServedSource>(i));
            }
            for (unsigned i = 0; i < base::word_count<ReapReason>; ++i) {
                reaped.values[i] += pool->probe().reaps(static_cast<ReapReason>(i));
            }
        }
        for (const std::uint64_t count : served.values) EXPECT_GT(count, 20U);
        for (const ReapReason reason :
             {ReapReason::idle, ReapReason::max_lifetime, ReapReason::check_failed,
              ReapReason::stolen, ReapReason::admin}) {
            EXPECT_GT(reaped[reason], 0U) << base::word(reason);
        }
        EXPECT_GT(upstream_probe->transitions(BreakerState::open), 0U);
        base::ByWord<telemetry::Holder, std::uint64_t> blocked;
        for (Pool* pool : all) {
            for (unsigned i = 0; i < base::word_count<telemetry::Holder>; ++i) {
                const auto holder = static_cast<telemetry::Holder>(i);
                blocked[holder] += pool->probe().blocked_nanoseconds(holder);
            }
        }
        for (const std::uint64_t spent : blocked.values) EXPECT_GT(spent, 0U);
    }

    // Everybody lets go, the world works again: whoever waits must be served.
    void settle_down() {
        side.clear();
        elsewhere = 0;
        the_gate().budget.set_elsewhere(0, now);
        the_gate().breaker.reached(now);
        the_gate().budget.resize(tokens, now);
        for (Pool* pool : all) {
            pool->resume(now);
            pool->resize(4, now);
            ceiling[pool] = 4;
        }
        for (int round = 0; round < 2000; ++round) {
            bool waiting = false;
            for (auto& actor : actors) {
                if (actor->server != nullptr) let_go(*actor);
                waiting = waiting || actor->waiting();
            }
            if (!waiting) return;
            // Long enough for a maximum that the server has shrunk below a reserve to grow again.
            now += 100ms;
            for (auto& home : loops) {
                home->port.deliver();
                while (!home->host.dials.empty()) home->answer_dial(0, 2ms, now);
                while (!home->host.closes.empty()) home->finish_close(0, now);
                for (FakeServer* server : std::exchange(home->host.checks, {})) {
                    server->pool()->checked(*server, true, now);
                }
                for (auto& templates : home->templates) templates->tick(now);
            }
            forget_stale_checks();
            check_all();
        }
        FAIL() << "somebody waits for ever";
    }
};

TEST_P(RandomEventsTest, invariants_hold_after_every_event_and_all_are_served_in_the_end) {
    build();
    for (int i = 0; i < 30'000 && !HasFailure(); ++i) {
        SCOPED_TRACE(i);
        if (i % 500 == 0) change_weather();
        if (i % 50 == 0) {
            tick();
            forget_stale_checks();
            check_all();
            check_blame();
        }
        step();
        forget_stale_checks();
        check_all();
    }
    if (!HasFailure()) settle_down();
    expect_a_rich_life();
}

INSTANTIATE_TEST_SUITE_P(seeds, RandomEventsTest, testing::Range(1U, 9U));

}  // namespace
}  // namespace weir::pool
