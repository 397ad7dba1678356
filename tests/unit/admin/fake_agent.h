// An agent that says what a test tells it to and remembers what it was asked to do. Safe to call
// from several threads, like the real one.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "proxy/inspection.h"

namespace weir::admin {

class FakeAgent final : public proxy::Inspection {
  public:
    FakeAgent() : settings_(std::make_shared<settings::Settings>()) {}

    settings::Snapshot settings() const override { return settings_; }
    proxy::Readiness readiness() const override { return ready; }
    bool loops_alive() const override { return alive; }
    proxy::Snapshot snapshot() override { return seen; }
    std::vector<proxy::ClientStatus> clients() override { return client_list; }
    std::vector<proxy::ServerStatus> servers() override { return server_list; }
    std::vector<proxy::LeakStatus> leaks() override { return leak_list; }
    pool::BlameReading blame(const std::string&) override { return blamed; }

    proxy::Outcome<unsigned> clear(const proxy::Selection& s) override { return did("clear", s); }
    proxy::Outcome<unsigned> pause(const proxy::Selection& s) override { return did("pause", s); }
    proxy::Outcome<unsigned> resume(const proxy::Selection& s) override { return did("resume", s); }
    proxy::Outcome<unsigned> disable(const proxy::Selection& s, bool on) override {
        return did(on ? "disable" : "enable", s);
    }
    proxy::Outcome<unsigned> resize(const proxy::Selection& s, unsigned max_size) override {
        return did("resize to " + std::to_string(max_size), s);
    }
    proxy::Outcome<unsigned> kill(const std::string& server_id) override {
        return did("kill", {server_id, std::nullopt});
    }
    proxy::Reloaded reload() override {
        note("reload");
        return reloaded;
    }
    void drain() override { note("drain"); }
    proxy::SuccessionStatus succession() const override { return successions; }
    proxy::Outcome<void> restart() override {
        note("restart");
        if (!outcome) return tl::make_unexpected(outcome.error());
        return {};
    }

    std::vector<std::string> done() {
        const std::scoped_lock lock(mutex_);
        return done_;
    }

    proxy::Readiness ready{true, true, false, true, true};
    bool alive = true;
    proxy::Snapshot seen;
    std::vector<proxy::ClientStatus> client_list;
    std::vector<proxy::ServerStatus> server_list;
    std::vector<proxy::LeakStatus> leak_list;
    pool::BlameReading blamed;
    proxy::SuccessionStatus successions;
    proxy::Outcome<unsigned> outcome = 1;  // of every action
    proxy::Reloaded reloaded = std::vector<std::string>{"log.level: info -> debug"};
    std::shared_ptr<settings::Settings> settings_;

  private:
    proxy::Outcome<unsigned> did(const std::string& what, const proxy::Selection& selection) {
        note(what + " " + selection.pool + "/" + selection.tenant.value_or("*"));
        return outcome;
    }
    void note(std::string what) {
        const std::scoped_lock lock(mutex_);
        done_.push_back(std::move(what));
    }

    std::mutex mutex_;
    std::vector<std::string> done_;
};

// A template with one tenant's pool on one upstream, all well.
[[nodiscard]] inline proxy::Snapshot calm_snapshot() {
    proxy::TemplateStatus row;
    row.pool = "tenants";
    row.engine = "postgresql";
    row.upstream = "main";
    row.mode = "transaction";
    row.tenants = 1;
    row.counts.idle = 3;
    row.counts.max = 20;
    row.acquire_timeout_seconds = 10;
    row.wait_p99_seconds = 0.001;
    row.breaker = "closed";
    proxy::PoolStatus pool;
    pool.pool = "tenants";
    pool.tenant = "acme";
    pool.engine = "postgresql";
    pool.upstream = "main";
    pool.mode = "transaction";
    pool.database = "tenant_acme";
    pool.counts = row.counts;
    proxy::UpstreamStatus upstream;
    upstream.name = "main";
    upstream.breaker = "closed";
    upstream.up = true;
    upstream.ever_dialed = true;
    proxy::Snapshot snapshot;
    snapshot.templates.push_back(row);
    snapshot.pools.push_back(pool);
    snapshot.upstreams.push_back(upstream);
    return snapshot;
}

}  // namespace weir::admin
