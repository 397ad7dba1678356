#include "cli/process.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "base/log.h"

namespace weir::cli {

void keep_memory_private() {
    if (prctl(PR_SET_DUMPABLE, 0) != 0) {
        base::log::warn("agent.memory_not_private", {{"error", std::strerror(errno)}});
    }
    if (!settings::secrets_are_locked()) {
        base::log::warn("agent.secrets_not_locked", {{"advice", "raise LimitMEMLOCK to 4M"}});
    }
}

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

Signals::Signals() {
    sigset_t handled;
    sigemptyset(&handled);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) sigaddset(&handled, signal);
    pthread_sigmask(SIG_BLOCK, &handled, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    fd_ = base::Fd(::signalfd(-1, &handled, SFD_NONBLOCK | SFD_CLOEXEC));
}

int Signals::wait(std::chrono::milliseconds limit, std::initializer_list<int> descriptors) const {
    std::vector<pollfd> watched{{fd_.get(), POLLIN, 0}};
    for (const int descriptor : descriptors) watched.push_back({descriptor, POLLIN, 0});
    (void)::poll(watched.data(), watched.size(), static_cast<int>(limit.count()));
    signalfd_siginfo signal{};
    const bool read = ::read(fd_.get(), &signal, sizeof signal) == sizeof signal;
    return read ? static_cast<int>(signal.ssi_signo) : 0;
}

}  // namespace weir::cli
