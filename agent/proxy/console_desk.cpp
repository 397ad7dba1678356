#include "proxy/console_desk.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>

#include "proxy/audit.h"
#include "proxy/console.h"

namespace weir::proxy {
namespace {

// PgBouncer's stats_period: what the averages are over.
constexpr base::Duration sample_period = std::chrono::seconds(60);
constexpr base::Duration look_again = std::chrono::milliseconds(100);

std::uint64_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    statm >> size >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::string lower(std::string_view word) {
    std::string text(word);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

bool selected(const Selection& selection, const std::string& pool, const std::string& tenant) {
    return (selection.pool.empty() || selection.pool == pool) &&
           (!selection.tenant || *selection.tenant == tenant);
}

void tell(const ConsoleOrder& order, std::string_view action, const Selection& selection,
          std::string_view result) {
    audit(order.peer, action, selection.pool.empty() ? "*" : selection.pool,
          selection.tenant.value_or(""), result);
}

ConsoleAnswer refused(std::string sqlstate, std::string message) {
    return {std::nullopt, Answer{std::move(sqlstate), std::move(message), {}}};
}

// The audit line of an action, and its answer: nothing to say, or why it was refused.
ConsoleAnswer done(const ConsoleOrder& order, std::string_view action, const Selection& selection,
                   const Outcome<unsigned>& outcome) {
    tell(order, action, selection,
         outcome ? fmt::format("pools={}", *outcome) : "refused: " + outcome.error().message);
    if (outcome) return {};
    const bool unknown = outcome.error().kind == Refused::Kind::not_found;
    return refused(unknown ? "3D000" : "55000", outcome.error().message);
}

}  // namespace

ConsoleDesk::ConsoleDesk(Inspection& agent, Shared& shared, loop::Loop& loop,
                         const SessionProbes& probes)
    : agent_(agent), shared_(shared), loop_(loop), probes_(probes) {
    adopt();
}

void ConsoleDesk::adopt() {
    const auto& users = shared_.settings->user;
    wanted_ = std::any_of(users.begin(), users.end(),
                          [](const settings::User& user) { return user.admin; });
}

ConsoleDesk::~ConsoleDesk() { stop(); }

void ConsoleDesk::admit(Newcomer newcomer) {
    const std::uint64_t id = ++last_id_;
    auto console = std::make_unique<Console>(*this, std::move(newcomer), id);
    Console& added = *console;
    consoles_.emplace(id, std::move(console));
    added.begin();
}

void ConsoleDesk::tick(base::Instant now) {
    if (!wanted_ || now < next_sample_) return;
    next_sample_ = now + sample_period;
    {
        const std::scoped_lock lock(mutex_);
        sample_due_ = true;
        if (!worker_.joinable()) worker_ = std::thread([this] { work(); });
    }
    changed_.notify_one();
}

void ConsoleDesk::dismiss_all() {
    for (const auto& [id, console] : consoles_) console->dismiss();
}

void ConsoleDesk::clear() {
    consoles_.clear();
    retired_.clear();
}

void ConsoleDesk::order(ConsoleOrder order) {
    {
        const std::scoped_lock lock(mutex_);
        if (!worker_.joinable()) worker_ = std::thread([this] { work(); });
    }
    enqueue(std::move(order));
}

void ConsoleDesk::enqueue(ConsoleOrder order) {
    {
        const std::scoped_lock lock(mutex_);
        orders_.push_back(std::move(order));
    }
    changed_.notify_one();
}

void ConsoleDesk::retire(Console& console) {
    retired_.push_back(console.id());
    loop_.defer(sweep_);
}

void ConsoleDesk::Sweep::run() {
    for (const std::uint64_t id : std::exchange(desk.retired_, {})) desk.consoles_.erase(id);
}

void ConsoleDesk::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    if (worker_.joinable()) worker_.join();
}

void ConsoleDesk::work() {
    std::deque<ConsoleOrder> waiting;  // to be looked at again
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const auto something = [this] { return stopping_ || sample_due_ || !orders_.empty(); };
        if (waiting.empty()) {
            changed_.wait(lock, something);
        } else {
            changed_.wait_for(lock, look_again, something);
        }
        if (stopping_) return;
        std::deque<ConsoleOrder> now = std::exchange(waiting, {});
        std::move(orders_.begin(), orders_.end(), std::back_inserter(now));
        orders_.clear();
        const bool sampling = std::exchange(sample_due_, false);
        lock.unlock();
        if (sampling) sample();
        for (ConsoleOrder& order : now) {
            if (*order.dropped) continue;
            auto answer = perform(order);
            if (!answer) {
                waiting.push_back(std::move(order));
                continue;
            }
            loop_.post([this, id = order.console, answer = std::move(*answer)]() mutable {
                const auto found = consoles_.find(id);
                if (found != consoles_.end()) found->second->answered(std::move(answer));
            });
        }
        lock.lock();
    }
}

std::optional<ConsoleAnswer> ConsoleDesk::perform(ConsoleOrder& order) {
    const ConsoleCommand& command = order.command;
    if (command.verb == ConsoleVerb::show) return show(command.subject);
    if (command.verb == ConsoleVerb::reload) return reload(order);
    if (command.verb == ConsoleVerb::shutdown) {
        agent_.drain();
        audit(order.peer, "drain", "agent", "", "draining");
        return ConsoleAnswer{};
    }
    Selection selection;
    if (!command.database.empty()) {
        const std::shared_lock looking(shared_.looking);
        const auto route = shared_.routes.find(settings::Engine::postgresql, command.database);
        if (!route) return refused("3D000", "no such database: " + command.database);
        selection.pool = shared_.templates[route->template_index]->name;
        selection.tenant = route->match.tenant;
    }
    return act(order, selection);
}

ConsoleAnswer ConsoleDesk::reload(const ConsoleOrder& order) {
    const auto reloaded = agent_.reload();
    audit(order.peer, "reload", "agent", "", result_of(reloaded));
    if (reloaded) return {};
    return refused(reloaded.error().busy ? "55000" : "F0000", text_of(reloaded.error()));
}

std::optional<ConsoleAnswer> ConsoleDesk::act(ConsoleOrder& order, const Selection& selection) {
    const ConsoleVerb verb = order.command.verb;
    const std::string word = lower(base::word(verb));
    switch (verb) {
        case ConsoleVerb::pause:
            // Whoever pauses means to restart the server: the idle connections go, too.
            if (!std::exchange(order.begun, true)) {
                auto paused = done(order, word, selection, agent_.pause(selection));
                if (paused.error) return paused;
                auto cleared = done(order, "clear", selection, agent_.clear(selection));
                if (cleared.error) return cleared;
            }
            return all_released(selection) ? std::optional(ConsoleAnswer{}) : std::nullopt;
        case ConsoleVerb::resume:
            return done(order, word, selection, agent_.resume(selection));
        case ConsoleVerb::disable:
            return done(order, word, selection, agent_.disable(selection, true));
        case ConsoleVerb::enable:
            return done(order, word, selection, agent_.disable(selection, false));
        case ConsoleVerb::reconnect:
            return done(order, "clear", selection, agent_.clear(selection));
        case ConsoleVerb::wait_close:
            return all_closed(selection) ? std::optional(ConsoleAnswer{}) : std::nullopt;
        case ConsoleVerb::kill: {
            kill_servers(order, selection);
            auto paused = done(order, "pause", selection, agent_.pause(selection));
            kill_servers(order, selection);  // what was handed out in between
            return paused;
        }
        case ConsoleVerb::show:
        case ConsoleVerb::reload:
        case ConsoleVerb::shutdown:
            break;
    }
    return ConsoleAnswer{};
}

void ConsoleDesk::kill_servers(const ConsoleOrder& order, const Selection& selection) {
    for (const auto& server : agent_.servers()) {
        if (!selected(selection, server.pool, server.tenant)) continue;
        if (server.state == base::word(pool::ServerState::closing)) continue;
        const auto killed = agent_.kill(server.id);
        audit(
            order.peer, "kill", server.id, "",
            killed ? fmt::format("connections={}", *killed) : "refused: " + killed.error().message);
    }
}

bool ConsoleDesk::all_released(const Selection& selection) {
    const Snapshot snapshot = agent_.snapshot();
    return std::all_of(snapshot.pools.begin(), snapshot.pools.end(), [&](const PoolStatus& status) {
        const auto& counts = status.counts;
        return !selected(selection, status.pool, status.tenant) ||
               counts.used + counts.pinned + counts.resetting + counts.cancelling == 0;
    });
}

bool ConsoleDesk::all_closed(const Selection& selection) {
    const auto servers = agent_.servers();
    return std::none_of(servers.begin(), servers.end(), [&](const ServerStatus& server) {
        const bool leaves =
            server.condemned || server.state == base::word(pool::ServerState::closing);
        return leaves && selected(selection, server.pool, server.tenant);
    });
}

ConsoleAnswer ConsoleDesk::show(ConsoleSubject subject) {
    ConsoleFacts facts;
    facts.settings = agent_.settings();
    facts.snapshot = agent_.snapshot();
    // A template may serve another engine: the console speaks of PostgreSQL's only.
    std::erase_if(facts.snapshot.pools, [](const PoolStatus& pool) {
        return pool.engine != base::word(settings::Engine::postgresql);
    });
    const bool lists = subject == ConsoleSubject::lists;
    if (lists || subject == ConsoleSubject::clients) facts.clients = agent_.clients();
    if (lists || subject == ConsoleSubject::servers) facts.servers = agent_.servers();
    facts.averages = averages_;
    facts.now = std::chrono::system_clock::now();
    if (subject == ConsoleSubject::mem) facts.resident_bytes = resident_bytes();
    if (lists) {
        std::int64_t logging_in = 0;
        for (const auto& probe : probes_) {
            logging_in += probe->clients(telemetry::ClientState::login);
        }
        facts.logging_in = static_cast<unsigned>(std::max<std::int64_t>(logging_in, 0));
    }
    return {console_table(subject, facts), std::nullopt};
}

void ConsoleDesk::sample() {
    const base::Instant now = base::Clock::now();
    averages_.from = std::exchange(averages_.to, totals_of(*agent_.settings(), agent_.snapshot()));
    averages_.seconds = sampled_at_ == base::Instant() ? 0 : base::seconds(now - sampled_at_);
    sampled_at_ = now;
}

}  // namespace weir::proxy
