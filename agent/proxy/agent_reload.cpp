// How the agent takes a changed configuration: all that can fail is done first, then everything is
// changed in one moment in which all loops stand still.
#include <fmt/format.h>

#include <future>

#include "base/log.h"
#include "proxy/agent.h"
#include "proxy/replacement.h"
#include "proxy/standstill.h"
#include "settings/diff.h"

namespace weir::proxy {
namespace {

constexpr std::size_t most_told = 50;  // changes or problems in a log line

std::string listed(const std::vector<std::string>& lines, std::string_view separator) {
    const std::size_t told = std::min(lines.size(), most_told);
    std::string text = fmt::format(
        "{}",
        fmt::join(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(told), separator));
    if (told < lines.size()) {
        text += fmt::format("{}and {} more", separator, lines.size() - told);
    }
    return text;
}

std::string listed(const std::vector<settings::Problem>& problems, std::string_view separator) {
    std::vector<std::string> lines;
    for (const settings::Problem& problem : problems) lines.push_back(problem.text());
    return listed(lines, separator);
}

tl::unexpected<ReloadRefused> refused(std::string message, bool busy) {
    return tl::make_unexpected(ReloadRefused{busy, {{"", "", std::move(message)}}});
}

void warn(const char* event, const std::vector<settings::Problem>& problems) {
    for (const settings::Problem& problem : problems) {
        base::log::warn(
            event, {{"where", problem.where}, {"key", problem.key}, {"message", problem.message}});
    }
}

}  // namespace

std::string text_of(const ReloadRefused& why) { return listed(why.problems, "\n"); }

std::string result_of(const Reloaded& reloaded) {
    return reloaded ? fmt::format("changes={}", reloaded->size())
                    : fmt::format("refused: problems={}", reloaded.error().problems.size());
}

settings::Snapshot Agent::settings() const {
    const std::shared_lock looking(shared_.looking);
    return shared_.settings;
}

Agent::ReloadRecord Agent::reload_record() const {
    const std::scoped_lock lock(record_mutex_);
    return record_;
}

// On a thread of its own: reading files and asking for names needs more stack than who asks for it
// may have.
Reloaded Agent::reload() {
    const std::scoped_lock one_at_a_time(reading_mutex_);
    Reloaded reloaded = std::async(std::launch::async, [this] { return try_reload(); }).get();
    if (reloaded) {
        base::log::info("config.reloaded",
                        {{"count", reloaded->size()}, {"changes", listed(*reloaded, "; ")}});
    } else {
        base::log::error("config.reload_failed",
                         {{"problems", listed(reloaded.error().problems, "; ")}});
    }
    const std::scoped_lock record_lock(record_mutex_);
    ++(reloaded ? record_.ok : record_.failed);
    if (reloaded) record_.succeeded_at = std::chrono::system_clock::now();
    record_.failure = reloaded ? std::string() : text_of(reloaded.error());
    return reloaded;
}

Reloaded Agent::try_reload() {
    if (!source_.read) {
        return refused("there is nothing to read again: the agent was started with URLs", false);
    }
    auto loaded = source_.read();
    const std::scoped_lock lock(reload_mutex_);
    if (shared_.draining) return refused("the agent is draining", true);
    if (!listening_ || succession().starting) return refused("a restart is under way", true);
    if (!loaded) return tl::make_unexpected(ReloadRefused{false, std::move(loaded.error())});
    if (!loaded->unsafe.empty()) {
        return tl::make_unexpected(ReloadRefused{false, std::move(loaded->unsafe)});
    }
    settings::Diff diff = settings::compare(*shared_.settings, loaded->settings);
    const auto settings = std::make_shared<const settings::Settings>(std::move(loaded->settings));
    auto prepared = Replacement::prepare(settings, shared_, lobby_->present_accounts());
    if (!prepared) {
        diff.fixed.insert(diff.fixed.end(), prepared.error().begin(), prepared.error().end());
    }
    if (!diff.fixed.empty()) {
        return tl::make_unexpected(ReloadRefused{false, std::move(diff.fixed)});
    }
    if (!put_into_effect(std::move(*prepared))) {
        return refused("an event loop did not stand still in time", true);
    }
    warn("config.hardly_meant", loaded->warnings);
    warn("config.not_yet_in_effect", loaded->notices);
    return std::move(diff.changes);
}

bool Agent::put_into_effect(const std::shared_ptr<Replacement>& replacement) {
    const auto standstill = std::make_shared<Standstill>(static_cast<unsigned>(homes_.size()) + 1);
    for (const auto& home : homes_) {
        home->post([standstill, replacement, &home = *home] {
            if (!standstill->stand()) return;
            home.adopt(replacement->moved_upstreams);
            standstill->done();
        });
    }
    lobby_->post([standstill, replacement, this] {
        if (!standstill->stand()) return;
        lobby_->adopt(*replacement);
        standstill->done();
    });
    const bool stood = standstill->run(patience, [&] {
        const std::unique_lock alone(shared_.looking);
        replacement->swap(shared_);
    });
    if (!stood) return false;
    if (source_.took_effect) source_.took_effect(*settings());
    const Lobby::Former destroyed_now = lobby_->take_former();
    {
        const std::scoped_lock lock(former_mutex_);
        std::move(replacement->dialers.begin(), replacement->dialers.end(),
                  std::back_inserter(former_dialers_));
        replacement->dialers.clear();
    }
    tidy();
    warm();
    return true;
}

void Agent::tidy() {
    const std::scoped_lock lock(former_mutex_);
    std::erase_if(former_dialers_, [](const auto& dialer) { return dialer->at_rest(); });
}

}  // namespace weir::proxy
