#include "cli/serve.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "admin/server.h"
#include "base/log.h"
#include "cli/version.h"
#include "collectors/prometheus/exposition.h"
#include "proxy/agent.h"
#include "settings/load.h"

namespace weir::cli {
namespace {

constexpr std::chrono::milliseconds step{100};

// What scrapes ask of the configuration and the build.
class Facts final : public collectors::AgentFacts {
  public:
    [[nodiscard]] collectors::BuildFacts build() const override {
        return {std::string(version), std::string(revision), std::string(compiler)};
    }
    [[nodiscard]] collectors::ConfigFacts config() const override { return config_; }

  private:
    const collectors::ConfigFacts config_{
        true,
        static_cast<double>(std::chrono::duration_cast<std::chrono::seconds>(
                                std::chrono::system_clock::now().time_since_epoch())
                                .count()),
        0, 0};
};

void report(const std::vector<settings::Problem>& problems, const char* what) {
    for (const settings::Problem& problem : problems) {
        std::fputs(fmt::format("weir: {}{}\n", what, problem.text()).c_str(), stderr);
    }
}

// Neither a core file nor another process of the same account gets at passwords and keys.
void keep_memory_private() {
    if (prctl(PR_SET_DUMPABLE, 0) != 0) {
        base::log::warn("agent.memory_not_private", {{"error", std::strerror(errno)}});
    }
    if (!settings::secrets_are_locked()) {
        base::log::warn("agent.secrets_not_locked", {{"advice", "raise LimitMEMLOCK to 4M"}});
    }
}

// Every client and every server connection is a descriptor: the limit is raised as far as it goes,
// and a shortfall is said before it hurts.
void raise_descriptor_limit(const settings::Settings& settings) {
    rlim_t needed = 256;
    for (const auto& listen : settings.listen) needed += listen.max_clients;
    for (const auto& upstream : settings.upstream) needed += upstream.max_connections;
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    if (limit.rlim_cur < needed) {
        rlimit raised = limit;
        raised.rlim_max = std::max(limit.rlim_max, needed);  // allowed to root only
        raised.rlim_cur = needed;
        if (setrlimit(RLIMIT_NOFILE, &raised) != 0) {
            raised.rlim_max = limit.rlim_max;
            raised.rlim_cur = std::min(limit.rlim_max, needed);
            (void)setrlimit(RLIMIT_NOFILE, &raised);
        }
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < needed) {
        base::log::warn("agent.descriptors_short",
                        {{"limit", limit.rlim_cur},
                         {"needed", needed},
                         {"advice", "raise LimitNOFILE or lower max_clients"}});
    }
}

sigset_t handled_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
    return signals;
}

// Waits for signals and steps through the drain; returns the exit code.
int run(proxy::Agent& agent) {
    const sigset_t signals = handled_signals();
    const base::Duration stats_every = agent.settings()->log.stats_every;
    base::Instant next_stats = base::Clock::now() + stats_every;
    const timespec timeout{0, std::chrono::nanoseconds(step).count()};
    for (;;) {
        const int signal = sigtimedwait(&signals, nullptr, &timeout);
        if (signal == SIGTERM || signal == SIGINT) {
            if (agent.draining()) {
                base::log::warn("agent.stopped", {{"reason", "second signal"}});
                std::_Exit(EXIT_SUCCESS);
            }
            agent.drain();
        } else if (signal == SIGHUP) {
            base::log::warn("agent.reload_refused",
                            {{"reason", "this version reads its configuration only at start"}});
        }
        const base::Instant now = base::Clock::now();
        if (agent.draining() && agent.drained(now)) return EXIT_SUCCESS;
        if (stats_every.count() > 0 && now >= next_stats) {
            next_stats = now + stats_every;
            agent.log_stats();
        }
    }
}

}  // namespace

int serve(const ServeOptions& options) {
    const settings::Environment environment = settings::process_environment();
    auto loaded = options.urls.empty() ? settings::load_file(options.config, environment)
                                       : settings::load_urls(options.urls, environment);
    if (!loaded) {
        report(loaded.error(), "");
        return EXIT_FAILURE;
    }
    if (!loaded->unsafe.empty()) {
        report(loaded->unsafe, "refusing to serve less safely than configured: ");
        return EXIT_FAILURE;
    }
    std::string name = loaded->settings.agent.name;
    if (name.empty()) {
        std::array<char, 256> host{};
        if (gethostname(host.data(), host.size() - 1) == 0) name = host.data();
    }
    base::log::configure(loaded->settings.log.level, loaded->settings.log.format, name);
    for (const settings::Problem& warning : loaded->warnings) {
        base::log::warn(
            "config.hardly_meant",
            {{"where", warning.where}, {"key", warning.key}, {"message", warning.message}});
    }
    for (const settings::Problem& notice : loaded->notices) {
        base::log::warn(
            "config.not_yet_in_effect",
            {{"where", notice.where}, {"key", notice.key}, {"message", notice.message}});
    }
    const auto settings = std::make_shared<const settings::Settings>(std::move(loaded->settings));
    raise_descriptor_limit(*settings);
    keep_memory_private();

    // Blocked before any thread starts, so that only run() sees them. Broken pipes show as errors.
    const sigset_t signals = handled_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);

    auto agent = proxy::Agent::make(settings);
    if (!agent) {
        base::log::error("agent.start_failed", {{"error", agent.error().message}});
        return EXIT_FAILURE;
    }
    const Facts facts;
    collectors::Exposition exposition((*agent)->registry(), facts, settings->metrics.pools_max);
    auto admin = admin::AdminServer::start(settings, **agent,
                                           [&exposition] { return exposition.metrics_text(); });
    if (!admin) {
        base::log::error("admin.start_failed", {{"error", admin.error().message}});
        return EXIT_FAILURE;
    }
    if (auto started = (*agent)->start(); !started) {
        base::log::error("agent.start_failed", {{"error", started.error().message}});
        return EXIT_FAILURE;
    }
    base::log::info("agent.started", {{"version", version},
                                      {"loops", settings->agent.loops},
                                      {"admin", settings->admin.listen}});
    const int code = run(**agent);
    (*admin)->stop();
    (*agent)->stop();
    base::log::info("agent.stopped", {{"reason", "drained"}});
    return code;
}

}  // namespace weir::cli
