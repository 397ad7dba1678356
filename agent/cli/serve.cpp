#include "cli/serve.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "admin/server.h"
#include "base/log.h"
#include "cli/predecessor.h"
#include "cli/process.h"
#include "cli/server_access.h"
#include "cli/successor.h"
#include "cli/systemd.h"
#include "cli/version.h"
#include "collectors/otlp/exporter.h"
#include "collectors/prometheus/exposition.h"
#include "collectors/servers/observer.h"
#include "proxy/agent.h"
#include "settings/load.h"

namespace weir::cli {
namespace {

constexpr std::chrono::milliseconds step{100};
constexpr std::chrono::milliseconds short_step{20};  // somebody waits for what we let go

// What scrapes ask of the configuration and the build.
class Facts final : public collectors::AgentFacts {
  public:
    explicit Facts(const proxy::Agent& agent) : agent_(agent) {}
    [[nodiscard]] collectors::BuildFacts build() const override {
        return {std::string(version), std::string(revision), std::string(compiler)};
    }
    [[nodiscard]] collectors::ConfigFacts config() const override {
        const proxy::Agent::ReloadRecord record = agent_.reload_record();
        const auto since_1970 = std::chrono::duration_cast<std::chrono::seconds>(
            record.succeeded_at.time_since_epoch());
        return {record.failure.empty(), static_cast<double>(since_1970.count()), record.ok,
                record.failed};
    }

  private:
    const proxy::Agent& agent_;
};

void report(const std::vector<settings::Problem>& problems, const char* what) {
    for (const settings::Problem& problem : problems) {
        std::fputs(fmt::format("weir: {}{}\n", what, problem.text()).c_str(), stderr);
    }
}

// Waits for signals, and steps through a restart and the drain; returns the exit code.
int run(proxy::Agent& agent, const Signals& signals, Successor& successor, Predecessor* predecessor,
        collectors::Observer& observer) {
    base::Instant last_stats = base::Clock::now();
    bool signalled = false, stopping = false, hung_up = false;
    Watchdog watchdog = Watchdog::of_environment();
    std::future<void> reload;  // of a SIGHUP, apart: a file on a dead mount must not stop signals
    const auto reloading = [&reload] {
        return reload.valid() && reload.wait_for(step) != std::future_status::ready;
    };
    for (;;) {
        const int signal = signals.wait(successor.serves() ? short_step : step,
                                        {successor.fd(), predecessor ? predecessor->fd() : -1});
        if (signal == SIGTERM || signal == SIGINT) {
            if (signalled || stopping) {
                base::log::warn("agent.stopped", {{"reason", "second signal"}});
                std::_Exit(EXIT_SUCCESS);
            }
            signalled = true;
            agent.drain();
        } else if (signal == SIGUSR2) {
            if (const auto asked = agent.restart(); !asked) {
                base::log::warn("agent.restart_failed", {{"error", asked.error().message}});
            }
        } else if (signal == SIGHUP) {
            hung_up = true;
        }
        if (hung_up && !reloading()) {
            hung_up = false;
            reload = std::async(std::launch::async, [&agent] {
                notify_systemd(reloading_state(base::Clock::now()));
                (void)agent.reload();  // what became of it is in the log
                if (!agent.draining()) notify_systemd("READY=1");
            });
        }
        agent.tidy();
        const base::Instant now = base::Clock::now();
        if (predecessor != nullptr) predecessor->step(agent);
        successor.step(now);
        if (agent.draining()) observer.stop();  // its seats are needed to finish, or elsewhere
        if (agent.draining() && !successor.serves() && !std::exchange(stopping, true)) {
            notify_systemd("STOPPING=1");
        }
        // Once a successor serves the signs are its own to give.
        if (!successor.serves() && watchdog.due(now) && agent.loops_alive()) {
            notify_systemd("WATCHDOG=1");
        }
        if ((stopping || successor.serves()) && agent.drained(now)) {
            if (reloading()) std::_Exit(EXIT_SUCCESS);  // its file will never be read
            return EXIT_SUCCESS;
        }
        const base::Duration stats_every = agent.settings()->log.stats_every;
        if (stats_every.count() > 0 && now - last_stats >= stats_every) {
            last_stats = now;
            agent.log_stats();
        }
    }
}

// One that says why nothing came of the start, to whoever asked for it.
int not_started(const Predecessor* predecessor, const char* event, const std::string& why) {
    base::log::error(event, {{"error", why}});
    if (predecessor != nullptr) predecessor->failed(why);
    return EXIT_FAILURE;
}

// The configuration of a start; nothing, and all is said, when it can't be served.
std::optional<settings::Loaded> load(const ServeOptions& options,
                                     const settings::Environment& environment,
                                     const Predecessor* predecessor) {
    auto loaded = options.urls.empty() ? settings::load_file(options.config, environment)
                                       : settings::load_urls(options.urls, environment);
    constexpr const char* unsafe = "refusing to serve less safely than configured: ";
    const bool readable = loaded.has_value();
    if (readable && loaded->unsafe.empty()) return std::move(*loaded);
    const auto& problems = readable ? loaded->unsafe : loaded.error();
    const char* what = readable ? unsafe : "";
    report(problems, what);
    if (predecessor != nullptr) {
        std::string why;
        for (const settings::Problem& problem : problems) {
            why += fmt::format("{}{}{}", why.empty() ? "" : "; ", what, problem.text());
        }
        predecessor->failed(why);
    }
    return std::nullopt;
}

void warn_of(const settings::Loaded& loaded) {
    for (const settings::Problem& warning : loaded.warnings) {
        base::log::warn(
            "config.hardly_meant",
            {{"where", warning.where}, {"key", warning.key}, {"message", warning.message}});
    }
    for (const settings::Problem& notice : loaded.notices) {
        base::log::warn(
            "config.not_yet_in_effect",
            {{"where", notice.where}, {"key", notice.key}, {"message", notice.message}});
    }
}

std::string host_name() {
    std::array<char, 256> host{};
    return gethostname(host.data(), host.size() - 1) == 0 ? host.data() : "";
}

std::string agent_name(const settings::Settings& settings) {
    return settings.agent.name.empty() ? host_name() : settings.agent.name;
}

void configure_log(const settings::Settings& settings) {
    base::log::configure(settings.log.level, settings.log.format, agent_name(settings));
}

// Nothing when no spans are made.
std::unique_ptr<collectors::otlp::Exporter> start_exporter(const settings::Settings& settings,
                                                           telemetry::Registry& registry) {
    if (!settings.trace_export) return nullptr;
    return std::make_unique<collectors::otlp::Exporter>(
        registry, *settings.trace_export,
        collectors::otlp::Identity{agent_name(settings), std::string(version), host_name(),
                                   getpid()});
}

}  // namespace

int serve(const ServeOptions& options, const std::vector<std::string>& command) {
    settings::Environment environment = settings::process_environment();
    const auto found = Predecessor::find(environment);
    if (!found) return not_started(nullptr, "agent.start_failed", found.error().message);
    Predecessor* const predecessor = found->get();
    auto loaded = load(options, environment, predecessor);
    if (!loaded) return EXIT_FAILURE;
    configure_log(loaded->settings);
    warn_of(*loaded);
    const auto settings = std::make_shared<const settings::Settings>(std::move(loaded->settings));
    raise_descriptor_limit(*settings);
    keep_memory_private();
    const Signals signals;

    proxy::Agent::Source source;
    collectors::Observer* watching = nullptr;  // reloads come when there is one
    if (options.urls.empty()) {
        source.read = [&] { return settings::load_file(options.config, environment); };
        source.took_effect = [&watching](const settings::Settings& now) {
            configure_log(now);
            raise_descriptor_limit(now);
            watching->follow(now);
        };
    }
    auto agent = proxy::Agent::make(settings, std::move(source));
    if (!agent) return not_started(predecessor, "agent.start_failed", agent.error().message);
    auto sockets = predecessor != nullptr
                       ? base::Result<proxy::InheritedSockets>(predecessor->take_sockets())
                       : proxy::passed_sockets(*settings, environment, getpid());
    if (!sockets) return not_started(predecessor, "agent.start_failed", sockets.error().message);
    if (predecessor != nullptr) predecessor->prepare(**agent);
    if (auto started = (*agent)->start(std::move(*sockets)); !started) {
        return not_started(predecessor, "agent.start_failed", started.error().message);
    }
    if (predecessor != nullptr) {
        if (auto taken = predecessor->take_over(**agent); !taken) {
            return not_started(nullptr, "agent.start_failed", taken.error().message);
        }
    }
    const auto exporter = start_exporter(*settings, (*agent)->registry());
    AgentsServerAccess access(**agent);
    collectors::Observer observer((*agent)->registry(), access);
    watching = &observer;
    const Facts facts(**agent);
    collectors::Exposition exposition((*agent)->registry(), facts, settings->metrics.pools_max);
    std::unique_ptr<admin::AdminServer> admin;
    const auto start_admin = [&]() -> base::Result<void> {
        auto server = admin::AdminServer::start(
            settings, **agent,
            {[&exposition](auto format) { return exposition.metrics_text(format); },
             [&exposition](const auto& view, auto format) {
                 return exposition.tenants_text(view, format);
             }});
        if (!server) return tl::make_unexpected(server.error());
        admin = std::move(*server);
        return {};
    };
    if (auto started = start_admin(); !started) {
        return not_started(predecessor, "admin.start_failed", started.error().message);
    }
    observer.follow(*settings);
    (*agent)->open_doors();
    if (predecessor != nullptr) predecessor->serving();
    notify_systemd("READY=1");
    base::log::info("agent.started", {{"version", version},
                                      {"loops", settings->agent.loops},
                                      {"admin", settings->admin.listen}});
    Successor successor(**agent, command, {[&admin] { admin.reset(); }, start_admin});
    const int code = run(**agent, signals, successor, predecessor, observer);
    admin.reset();
    observer.stop();
    (*agent)->stop();
    if (exporter) exporter->stop();
    base::log::info("agent.stopped", {{"reason", successor.serves() ? "restarted" : "drained"}});
    return code;
}

}  // namespace weir::cli
