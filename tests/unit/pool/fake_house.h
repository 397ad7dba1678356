// A house without sockets: one upstream's gate, loops whose ports deliver when told to, a host that
// notes the pools' verbs and answers them when told to, and a clock that stands still.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pool/template_pools.h"

namespace weir::pool {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

struct FakeServer : Server {
    std::optional<ReapReason> closing_for;
};

struct Client : Waiter {
    explicit Client(CompatibilityKey wanted = 0) { key = wanted; }
    FakeServer* server = nullptr;
    std::optional<Refusal> refusal;
    unsigned granted = 0;  // how many were granted before, this one included
};

struct FakePort final : Port {
    std::deque<base::Task> tasks;
    void post(base::Task task) override { tasks.push_back(std::move(task)); }
    void deliver_one() {
        base::Task task = std::move(tasks.front());
        tasks.pop_front();
        task();
    }
    void deliver() {
        while (!tasks.empty()) deliver_one();
    }
};

struct FakeHost final : Host {
    struct Dial {
        Pool* pool;
        CompatibilityKey key;
    };
    std::vector<Dial> dials;
    std::vector<FakeServer*> checks, closes;
    std::vector<std::pair<FakeServer*, LeakAction>> leaks;
    std::vector<std::pair<FakeServer*, Deadline>> expirations;
    std::function<void(Client&)> on_grant = [](Client&) {};
    bool forgets = true;
    unsigned grants = 0;

    void dial(Pool& pool, CompatibilityKey key) override { dials.push_back({&pool, key}); }
    void grant(Waiter& waiter, Server& server) override {
        auto& client = static_cast<Client&>(waiter);
        EXPECT_EQ(client.server, nullptr);
        client.server = static_cast<FakeServer*>(&server);
        client.granted = ++grants;
        on_grant(client);
    }
    void refuse(Waiter& waiter, const Refusal& refusal) override {
        static_cast<Client&>(waiter).refusal = refusal;
        static_cast<Client&>(waiter).refusal->longest_holder = nullptr;
    }
    void check(Server& server) override { checks.push_back(static_cast<FakeServer*>(&server)); }
    void close(Server& server, ReapReason reason) override {
        closes.push_back(static_cast<FakeServer*>(&server));
        closes.back()->closing_for = reason;
    }
    void leaked(Server& server, LeakAction action) override {
        leaks.emplace_back(static_cast<FakeServer*>(&server), action);
    }
    void expired(Server& server, Deadline deadline) override {
        expirations.emplace_back(static_cast<FakeServer*>(&server), deadline);
    }
    bool forgettable(Pool&) override { return forgets; }
};

class FakeLoop {
  public:
    FakePort port;
    FakeHost host;
    std::vector<std::unique_ptr<FakeServer>> servers;
    std::vector<std::unique_ptr<TemplatePools>> templates;

    ~FakeLoop() { templates.clear(); }
    FakeServer& answer_dial(std::size_t index, Duration took, Instant now) {
        const FakeHost::Dial dial = host.dials.at(index);
        host.dials.erase(host.dials.begin() + static_cast<std::ptrdiff_t>(index));
        servers.push_back(std::make_unique<FakeServer>());
        FakeServer& server = *servers.back();
        dial.pool->dialed(server, dial.key, took, now);
        return server;
    }
    void fail_dial(std::size_t index, CreateFailure failure, Instant now) {
        const FakeHost::Dial dial = host.dials.at(index);
        host.dials.erase(host.dials.begin() + static_cast<std::ptrdiff_t>(index));
        dial.pool->dial_failed(dial.key, failure, "28P01", "the server's words", now);
    }
    void finish_close(std::size_t index, Instant now) {
        FakeServer* server = host.closes.at(index);
        host.closes.erase(host.closes.begin() + static_cast<std::ptrdiff_t>(index));
        server->pool()->closed(*server, now);
        std::erase_if(servers, [server](const auto& s) { return s.get() == server; });
    }
};

// One upstream; by default one loop with one template, changed before the first pool is asked for.
class House : public testing::Test {
  public:
    static constexpr Duration dial_time = 5ms;

    settings::Upstream upstream;
    settings::Pool settings;
    telemetry::Registry registry;
    std::shared_ptr<telemetry::UpstreamProbe> upstream_probe =
        std::make_shared<telemetry::UpstreamProbe>();
    std::unique_ptr<Gate> gate;
    std::vector<std::unique_ptr<FakeLoop>> loops;
    Instant now{1h};

    House() {
        upstream.name = "main";
        settings.name = "tenants";
        settings.upstream = "main";
        settings.user = "app";
        settings.max_size = 2;
        settings.acquire_timeout = 10s;
        settings.validate_after = 0s;
        settings.max_lifetime = 0s;
    }
    ~House() override {
        for (auto& loop : loops) loop->templates.clear();
        loops.clear();
    }

    Gate& the_gate() {
        if (gate == nullptr) gate = std::make_unique<Gate>(upstream, upstream_probe);
        return *gate;
    }
    FakeLoop& loop(std::size_t index = 0) {
        while (loops.size() <= index) loops.push_back(std::make_unique<FakeLoop>());
        return *loops[index];
    }
    FakeHost& host() { return loop().host; }
    TemplatePools& add(const settings::Pool& of, std::size_t on = 0) {
        FakeLoop& home = loop(on);
        home.templates.push_back(
            std::make_unique<TemplatePools>(of, settings::Engine::postgresql, the_gate(), home.host,
                                            home.port, registry, static_cast<unsigned>(on), 42));
        return *home.templates.back();
    }
    TemplatePools& pools() {
        if (loop().templates.empty()) add(settings);
        return *loop().templates[0];
    }
    Pool& pool(const std::string& tenant = "acme") { return *pools().obtain({tenant, ""}, now); }
    const telemetry::PoolProbe& probe() { return pool().probe(); }

    // -- clients
    Acquired::Kind acquire(Pool& from, Client& client) {
        client.server = nullptr;
        client.refusal.reset();
        const Acquired acquired = from.acquire(client, now);
        client.server = static_cast<FakeServer*>(acquired.server);
        if (acquired.kind == Acquired::Kind::refused) client.refusal = acquired.refusal;
        return acquired.kind;
    }
    // Acquires with whatever dialing it takes.
    void hold(Pool& from, Client& client) {
        if (acquire(from, client) == Acquired::Kind::waiting) run();
        ASSERT_NE(client.server, nullptr);
    }
    void release(Client& client) {
        FakeServer* server = std::exchange(client.server, nullptr);
        server->pool()->release(*server, ReleaseResult::clean, now);
    }
    // -- time and answers
    void tick() {
        for (auto& each : loops) {
            for (auto& templates : each->templates) templates->tick(now);
        }
    }
    void pass(Duration time) {
        now += time;
        tick();
    }
    void deliver() {
        for (auto& each : loops) each->port.deliver();
    }
    void answer_dials() {
        for (auto& each : loops) {
            while (!each->host.dials.empty()) each->answer_dial(0, dial_time, now);
        }
    }
    void finish_closes() {
        for (auto& each : loops) {
            while (!each->host.closes.empty()) each->finish_close(0, now);
        }
    }
    // Until nothing moves: messages, dials and closes.
    void run() {
        for (int i = 0; i < 1000; ++i) {
            const bool moving = std::any_of(loops.begin(), loops.end(), [](const auto& each) {
                return !each->port.tasks.empty() || !each->host.dials.empty() ||
                       !each->host.closes.empty();
            });
            if (!moving) return;
            deliver();
            answer_dials();
            finish_closes();
        }
        FAIL() << "never comes to rest";
    }
};

}  // namespace weir::pool
