#include "collectors/servers/watch.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/background_thread.h"
#include "base/log.h"

namespace weir::collectors {
namespace {

constexpr base::Duration goodbye_limit = std::chrono::seconds(5);

Ask question_of(settings::Engine engine) {
    switch (engine) {
        case settings::Engine::mysql:
            return &ask_mysql;
        case settings::Engine::redis:
            return &ask_redis;
        case settings::Engine::postgresql:
            break;
    }
    return &ask_postgresql;
}

// What is asked of each place in turn, round by round: of one alone libpq can't prefer a standby.
std::vector<settings::Target> rounds_of(settings::Target target) {
    using settings::Target;
    if (target == Target::prefer_standby) return {Target::read_only, Target::any};
    return {target};
}

// Where names are being looked up; outlives a watch that has lost its patience.
struct Search {
    base::Fd found{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::mutex mutex;
    Places places = base::error("not looked up");
};

}  // namespace

Watch::Watch(settings::Upstream upstream, telemetry::Registry& registry, ServerAccess& access)
    : upstream_(std::move(upstream)),
      access_(access),
      probe_(registry.server(upstream_.name)),
      budget_(registry.upstream(upstream_.name, std::string(base::word(upstream_.engine)))),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { run(); }) {}

Watch::~Watch() {
    ::eventfd_write(stop_.get(), 1);
    thread_.join();
}

void Watch::run() {
    base::enter_background_thread("weir-observe");
    base::Instant next = base::Clock::now();
    do {
        poll();
        // A poll that took longer than the interval is not made up for.
        next = std::max(next + upstream_.observe.every, base::Clock::now());
    } while (Patience(stop_.get(), next).sit_out());
}

void Watch::poll() {
    const base::Instant began = base::Clock::now();
    const Patience patience(stop_.get(), began + upstream_.connect_timeout);
    const std::unique_ptr<Seat> seat = access_.take_seat(upstream_.name);
    if (seat == nullptr) {
        return failed("no seat: every connection of max_connections is in use", began);
    }
    const Places places = find_places(patience);
    if (!places) return failed(places.error().message, began);
    Asked answer = ask_one_of(*places, patience);
    if (!answer) return failed(answer.error().message, began);
    telemetry::ServerReading& reading = answer->reading;
    const auto ours = static_cast<std::uint64_t>(std::max<std::int64_t>(budget_->budget_used(), 0));
    reading.of_this_agent = std::min(ours, reading.connections.value_or(ours));
    read_at_ = base::Clock::now();
    probe_->answered(reading, read_at_ - began);
    if (!std::exchange(problem_, {}).empty()) {
        base::log::info("server.poll_works_again", {{"upstream", upstream_.name}});
    }
    // The seat is free when the server has left it, not before.
    see_off(answer->left, Patience(stop_.get(), read_at_ + goodbye_limit));
}

// On a thread apart, because looking a name up can't be broken off.
Places Watch::find_places(const Patience& patience) const {
    const auto search = std::make_shared<Search>();
    std::thread([search, locate = access_.locate(), upstream = upstream_] {
        base::enter_background_thread("weir-resolve");
        Places places = locate(upstream);
        const std::scoped_lock lock(search->mutex);
        search->places = std::move(places);
        ::eventfd_write(search->found.get(), 1);
    }).detach();
    if (const auto found = patience.wait_for(search->found.get(), POLLIN); !found) {
        return base::error(fmt::format("host name not resolved: {}", found.error().message));
    }
    const std::scoped_lock lock(search->mutex);
    return search->places;
}

Asked Watch::ask_one_of(const std::vector<Place>& places, const Patience& patience) const {
    const Ask ask = question_of(upstream_.engine);
    const auto rounds = rounds_of(upstream_.target);
    auto left = static_cast<unsigned>(places.size() * rounds.size());
    Asked answer = base::error("no address");
    for (const settings::Target target : rounds) {
        for (const Place& place : places) {
            answer = ask(upstream_, place, target, patience.part(left--));
            if (answer) return answer;
        }
    }
    return answer;
}

void Watch::failed(const std::string& why, base::Instant began) {
    const base::Instant now = base::Clock::now();
    probe_->failed(now - began);
    if (now - read_at_ > worth_intervals * upstream_.observe.every) probe_->outdated();
    if (problem_ == why) return;
    problem_ = why;
    base::log::warn("server.poll_failed", {{"upstream", upstream_.name}, {"error", why}});
}

}  // namespace weir::collectors
