// The running agent: the lobby, the pool loops and what they share, from start to a drained end.
// Its loops have threads of their own; its methods are called by the main thread and by admin
// threads.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/handover.h"
#include "proxy/inspection.h"
#include "proxy/lobby.h"
#include "proxy/pool_loop.h"
#include "proxy/replacement.h"
#include "proxy/shared.h"
#include "proxy/succession.h"

namespace weir::proxy {

class Agent final : public Inspection {
  public:
    // For reloads. Called by one thread at a time.
    struct Source {
        // The configuration again from where it came from; empty: from nowhere that can change.
        std::function<base::Result<settings::Loaded, std::vector<settings::Problem>>()> read;
        // For what is not the agent's own and follows the configuration, too.
        std::function<void(const settings::Settings&)> took_effect;
    };
    // How reading it went so far; the first reading counts as a success.
    struct ReloadRecord {
        std::chrono::system_clock::time_point succeeded_at = std::chrono::system_clock::now();
        std::uint64_t ok = 0, failed = 0;
        std::string failure;  // of the last one
    };

    [[nodiscard]] static base::Result<std::unique_ptr<Agent>> make(settings::Snapshot settings,
                                                                   Source source = {});
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;
    ~Agent() override;

    // Binds every listener that is not inherited, then starts all threads; nothing runs when it
    // fails. Nobody is accepted before open_doors().
    [[nodiscard]] base::Result<void> start(InheritedSockets inherited = {});
    void open_doors();
    // One step of an ordered end, to be called about ten times a second once draining() is true:
    // true when every client has gone and every server connection is closed.
    [[nodiscard]] bool drained(base::Instant now);
    [[nodiscard]] bool draining() const { return shared_.draining; }
    void stop();
    void log_stats();
    // To be called now and then: destroys what a reload has left, once nobody uses it.
    void tidy();
    [[nodiscard]] ReloadRecord reload_record() const;

    // -- a restart (agent_succession.cpp): the successor's side
    // Before start(): there is a predecessor, which keeps all connections until set_elsewhere().
    void succeed(std::uint32_t generation, Lobby::Forward forward_cancel);
    void set_elsewhere(const KeptConnections& kept);
    // -- and the predecessor's
    [[nodiscard]] std::uint32_t generation() const { return shared_.generation; }
    [[nodiscard]] InheritedSockets sockets();
    // Accepts nobody and dials no more than it holds, until step_back() or leave(): how many those
    // are.
    [[nodiscard]] KeptConnections step_aside();
    void step_back();
    void leave();  // for good: drained() tells when; its clients go between transactions
    [[nodiscard]] KeptConnections keep_used(unsigned least = 0);  // what is not in use is given up
    void cancel(std::uint32_t process_id, const std::string& secret) {
        lobby_->cancel(process_id, secret);
    }
    [[nodiscard]] Succession& successions() { return succession_; }

    // For a connection beside all pools: a token of the upstream's budget while it lives. Nothing:
    // none is free, or there is no such upstream. Any thread; the token goes before the agent.
    [[nodiscard]] std::optional<pool::Budget::SideToken> borrow_token(const std::string& upstream);
    [[nodiscard]] telemetry::Registry& registry() { return shared_.registry; }

    // -- Inspection
    [[nodiscard]] settings::Snapshot settings() const override;
    [[nodiscard]] Readiness readiness() const override;
    [[nodiscard]] bool loops_alive() const override;
    [[nodiscard]] Snapshot snapshot() override;
    [[nodiscard]] std::vector<ClientStatus> clients() override;
    [[nodiscard]] std::vector<ServerStatus> servers() override;
    [[nodiscard]] std::vector<LeakStatus> leaks() override;
    [[nodiscard]] pool::BlameReading blame(const std::string& pool) override;
    Outcome<unsigned> clear(const Selection& selection) override;
    Outcome<unsigned> pause(const Selection& selection) override;
    Outcome<unsigned> resume(const Selection& selection) override;
    Outcome<unsigned> disable(const Selection& selection, bool disabled) override;
    Outcome<unsigned> resize(const Selection& selection, unsigned max_size) override;
    Outcome<unsigned> kill(const std::string& server_id) override;
    Reloaded reload() override;
    void drain() override;
    Outcome<void> restart() override;
    [[nodiscard]] SuccessionStatus succession() const override { return succession_.status(); }

  private:
    Agent(settings::Snapshot settings, Routes routes, unsigned loops, Source source);

    template <class Answer>
    struct Answers;
    // Runs `visit` on every pool loop's thread and waits for all, at most Inspection::patience. The
    // answers of loops that were late are dropped; `stale` lists them.
    template <class Answer>
    std::vector<Answer> ask(const std::function<Answer(PoolLoop&)>& visit,
                            std::vector<unsigned>* stale = nullptr);
    Outcome<unsigned> act(const Selection& selection,
                          const std::function<void(pool::Pool&, base::Instant)>& action);
    [[nodiscard]] bool selects(const Selection& selection, const TenantPool& tenant) const;
    void warm();
    void dismiss_clients(base::Instant now);
    [[nodiscard]] bool newcomers_left(base::Instant now);
    [[nodiscard]] Reloaded try_reload();
    [[nodiscard]] bool put_into_effect(const std::shared_ptr<Replacement>& replacement);

    const Source source_;
    Shared shared_;
    std::vector<std::unique_ptr<PoolLoop>> homes_;
    std::unique_ptr<Lobby> lobby_;
    std::atomic<bool> listening_{false};
    std::mutex reading_mutex_;  // one reload at a time
    std::mutex reload_mutex_;   // held while one is put into effect
    mutable std::mutex record_mutex_;
    ReloadRecord record_;
    std::mutex former_mutex_;
    std::vector<std::unique_ptr<CountedDialer>> former_dialers_;
    std::mutex drain_mutex_;
    base::Instant drain_began_{}, last_newcomer_{}, dismiss_until_{};
    enum class Drain : std::uint8_t { none, grace, newcomers, clients, servers };
    Drain drain_step_ = Drain::none;
    Succession succession_;
};

}  // namespace weir::proxy
