// The console's back office: owns its clients on the lobby's loop, and one thread on which their
// commands ask the agent, because that blocks until the loops have answered. A command that waits
// for something (PAUSE, WAIT_CLOSE) is looked at again and again, so that it holds up nobody else.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "loop/loop.h"
#include "proxy/console_command.h"
#include "proxy/console_tables.h"
#include "proxy/newcomer.h"
#include "proxy/shared.h"
#include "telemetry/session_probe.h"

namespace weir::proxy {

class Console;

// What became of a command.
struct ConsoleAnswer {
    std::optional<ConsoleTable> table;  // of SHOW
    std::optional<Answer> error;
};

struct ConsoleOrder {
    std::uint64_t console = 0;
    ConsoleCommand command;
    std::string peer;                            // for the audit line
    std::shared_ptr<std::atomic<bool>> dropped;  // the client has gone
    bool begun = false;                          // its action is done; what it waits for is not yet
};

class ConsoleDesk {
  public:
    using SessionProbes = std::vector<std::shared_ptr<telemetry::SessionProbe>>;

    // All outlive this; `agent` need not be whole before the first call.
    ConsoleDesk(Inspection& agent, Shared& shared, loop::Loop& loop, const SessionProbes& probes);
    ConsoleDesk(const ConsoleDesk&) = delete;
    ConsoleDesk& operator=(const ConsoleDesk&) = delete;
    ~ConsoleDesk();

    // -- on the lobby's loop
    void admit(Newcomer newcomer);  // an admin
    void tick(base::Instant now);
    void adopt();        // a reload: other users
    void dismiss_all();  // the agent leaves
    void clear();        // the loop has ended
    void order(ConsoleOrder order);
    void retire(Console& console);  // destroyed at the end of the turn
    [[nodiscard]] loop::Loop& loop() { return loop_; }
    [[nodiscard]] telemetry::SessionProbe& probe(unsigned listener) { return *probes_[listener]; }

    // -- any thread, after the loop's end
    void stop();

  private:
    struct Sweep final : loop::Deferred {
        explicit Sweep(ConsoleDesk& owner) : desk(owner) {}
        void run() override;
        ConsoleDesk& desk;
    };

    void enqueue(ConsoleOrder order);
    void work();
    // Nothing: it is to be looked at again.
    [[nodiscard]] std::optional<ConsoleAnswer> perform(ConsoleOrder& order);
    [[nodiscard]] ConsoleAnswer reload(const ConsoleOrder& order);
    [[nodiscard]] ConsoleAnswer show(ConsoleSubject subject);
    [[nodiscard]] std::optional<ConsoleAnswer> act(ConsoleOrder& order, const Selection& selection);
    void kill_servers(const ConsoleOrder& order, const Selection& selection);
    [[nodiscard]] bool all_released(const Selection& selection);
    [[nodiscard]] bool all_closed(const Selection& selection);
    void sample();

    Inspection& agent_;
    Shared& shared_;
    loop::Loop& loop_;
    const SessionProbes& probes_;
    bool wanted_ = false;  // somebody may use the console at all
    std::unordered_map<std::uint64_t, std::unique_ptr<Console>> consoles_;
    std::vector<std::uint64_t> retired_;
    std::uint64_t last_id_ = 0;
    base::Instant next_sample_{};
    Sweep sweep_{*this};

    AveragePeriod averages_;      // the worker's own
    base::Instant sampled_at_{};  // the worker's own

    std::mutex mutex_;  // guards what follows
    std::condition_variable changed_;
    std::deque<ConsoleOrder> orders_;
    bool sample_due_ = false, stopping_ = false;
    std::thread worker_;
};

}  // namespace weir::proxy
