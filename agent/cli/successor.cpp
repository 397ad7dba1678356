#include "cli/successor.h"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <string_view>
#include <thread>
#include <utility>

#include "base/log.h"
#include "cli/predecessor.h"
#include "cli/systemd.h"
#include "proxy/process_id.h"

extern char** environ;

namespace weir::cli {
namespace {

using proxy::HandoverMessage;
using Kind = HandoverMessage::Kind;

constexpr base::Duration patience = std::chrono::seconds(30);
constexpr int inherited = 3;  // the channel's descriptor in the successor, after the standard ones

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> all;
    for (std::string& word : words) all.push_back(word.data());
    all.push_back(nullptr);
    return all;
}

// Starts `words` with the channel and the standard streams alone. By name, not by the image of
// this process: where the program was replaced, the new one runs.
int start(std::vector<std::string> words, int channel, pid_t& process) {
    std::vector<std::string> variables;
    for (char** each = environ; *each != nullptr; ++each) {
        // The service manager's watchdog goes on, with signs of life from the successor.
        if (!std::string_view(*each).starts_with("WATCHDOG_PID=")) variables.emplace_back(*each);
    }
    variables.push_back(fmt::format("{}={}", predecessor_variable, inherited));
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, channel, inherited);
    posix_spawn_file_actions_addclosefrom_np(&files, inherited + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // As here: what it is sent before it can heed it waits, and does not end it.
    sigset_t handled;
    pthread_sigmask(SIG_SETMASK, nullptr, &handled);
    posix_spawnattr_setsigmask(&attributes, &handled);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    const int error = posix_spawnp(&process, words.front().c_str(), &files, &attributes,
                                   pointers(words).data(), pointers(variables).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

}  // namespace

Successor::Successor(proxy::Agent& agent, std::vector<std::string> command, Admin admin)
    : agent_(agent), command_(std::move(command)), admin_(std::move(admin)) {
    if (::getpid() != 1) return;
    agent_.successions().refuse_for(
        "the agent is process 1 of its container, which ends with it: restart the container");
}

void Successor::step(base::Instant now) {
    if (agent_.successions().take_request()) begin(now);
    while (handover_) {
        const auto message = handover_->receive();
        if (!message) break;
        heed(*message);
    }
    if (phase_ == Phase::serves) {
        if (handover_ && handover_->closed()) {
            base::log::error("agent.successor_lost",
                             {{"successor", process_}, {"reason", end_of_process()}});
            handover_.reset();  // we finish all the same
        }
        if (handover_) tell_kept();
    } else if (phase_ != Phase::none && agent_.draining()) {
        give_up("the agent was told to drain");
    } else if (handover_ && handover_->closed()) {
        give_up(end_of_process());
    } else if (phase_ != Phase::none && now >= deadline_) {
        give_up("it did not serve within 30 s");
    }
}

void Successor::begin(base::Instant now) {
    deadline_ = now + patience;
    phase_ = Phase::prepares;
    if (auto spawned = spawn(); !spawned) {
        give_up(spawned.error().message);
    } else if (!hand_sockets_over()) {
        give_up("it did not take the listening sockets");
    }
}

base::Result<void> Successor::spawn() {
    auto ends = proxy::Handover::pair();
    if (!ends) return tl::make_unexpected(ends.error());
    if (const int error = start(command_, ends->second.fd(), process_); error != 0) {
        process_ = 0;
        return base::error(
            fmt::format("can't start {}: {}", command_.front(), std::strerror(error)));
    }
    handover_.emplace(std::move(ends->first));
    base::log::info("agent.restarting", {{"successor", process_}});
    return {};
}

bool Successor::hand_sockets_over() const {
    for (proxy::InheritedSocket& each : agent_.sockets()) {
        HandoverMessage message;
        message.kind = Kind::socket;
        message.text = each.address;
        message.owns_file = each.owns_file;
        message.descriptor = std::move(each.socket);
        if (!handover_->send(message)) return false;
    }
    HandoverMessage begin;
    begin.kind = Kind::begin;
    begin.number = (agent_.generation() + 1) % proxy::ProcessId::generations;
    return handover_->send(begin);
}

void Successor::heed(const HandoverMessage& message) {
    if (message.kind == Kind::failed && phase_ != Phase::serves) {
        give_up(message.text);
    } else if (message.kind == Kind::ready && phase_ == Phase::prepares && !agent_.draining()) {
        step_aside();
    } else if (message.kind == Kind::serving && phase_ == Phase::takes_over) {
        leave();
    } else if (message.kind == Kind::cancel) {
        agent_.cancel(message.number, message.text);
    }
}

// The admin HTTP goes first, because its end may take a moment and new clients wait from then on.
void Successor::step_aside() {
    phase_ = Phase::takes_over;
    admin_.stop();
    HandoverMessage serve;
    serve.kind = Kind::serve;
    serve.kept = kept_ = agent_.step_aside();
    handover_->send(serve);
}

void Successor::leave() {
    phase_ = Phase::serves;
    base::log::info("agent.restarted", {{"successor", process_}});
    notify_systemd(fmt::format("MAINPID={}", process_));
    agent_.leave();
}

void Successor::tell_kept() {
    if (!agent_.draining()) return;  // until then its clients may need what it keeps
    auto kept = agent_.keep_used();
    if (kept == kept_) return;
    HandoverMessage message;
    message.kind = Kind::kept;
    message.kept = kept;
    if (handover_->send(message)) kept_ = std::move(kept);
}

std::string Successor::end_of_process() {
    int status = 0;
    for (int i = 0; i < 100; ++i) {
        if (::waitpid(process_, &status, WNOHANG) == process_) {
            process_ = 0;
            return WIFSIGNALED(status)
                       ? fmt::format("it was ended by signal {}", WTERMSIG(status))
                       : fmt::format("it ended with exit code {}", WEXITSTATUS(status));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return "it left without a word";
}

void Successor::give_up(const std::string& why) {
    if (process_ != 0) {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
        process_ = 0;
    }
    handover_.reset();
    const bool stepped_aside = std::exchange(phase_, Phase::none) == Phase::takes_over;
    base::log::error("agent.restart_failed", {{"error", why}});
    agent_.successions().failed(why);
    if (!stepped_aside) return;
    agent_.step_back();
    if (auto started = admin_.start(); !started) {
        base::log::error("admin.start_failed", {{"error", started.error().message}});
    }
}

}  // namespace weir::cli
