#include "cli/predecessor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>

#include "base/log.h"

namespace weir::cli {
namespace {

using proxy::HandoverMessage;
using Kind = HandoverMessage::Kind;

constexpr base::Duration patience = std::chrono::seconds(30);
constexpr std::size_t longest_reason = 4096;

std::optional<proxy::Handover> handover_of(const std::string& text) {
    int descriptor = -1;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), descriptor);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
    return proxy::Handover::adopt(descriptor);
}

tl::unexpected<base::Error> gone() {
    return base::error("the agent that started this one as its successor has gone");
}

}  // namespace

base::Result<std::unique_ptr<Predecessor>> Predecessor::find(settings::Environment& environment) {
    const auto variable = environment.find(predecessor_variable);
    if (variable == environment.end()) return nullptr;
    auto handover = handover_of(variable->second);
    if (!handover) return nullptr;  // somebody else's: the settings say that it means nothing
    environment.erase(variable);
    ::unsetenv(predecessor_variable);
    std::unique_ptr<Predecessor> found(new Predecessor(std::move(*handover), ::getppid()));
    const base::Instant deadline = base::Clock::now() + patience;
    while (auto message = found->handover_.await(deadline)) {
        if (message->kind == Kind::begin) {
            found->generation_ = message->number;
            return found;
        }
        if (message->kind != Kind::socket || !message->descriptor) continue;
        found->sockets_.push_back(
            {message->text, std::move(message->descriptor), message->owns_file});
    }
    return gone();
}

void Predecessor::prepare(proxy::Agent& agent) const {
    agent.succeed(generation_, [this](std::uint32_t process_id, const std::string& secret) {
        HandoverMessage message;
        message.kind = Kind::cancel;
        message.number = process_id;
        message.text = secret;
        handover_.send(message);  // to one that is gone: its clients are, too
    });
    agent.successions().predecessor(process_);
    agent.successions().refuse_for(
        fmt::format("the last restart is not over: process {} still finishes what runs", process_));
}

void Predecessor::failed(const std::string& why) const {
    HandoverMessage message;
    message.kind = Kind::failed;
    message.text = why.substr(0, longest_reason);
    handover_.send(message);
}

base::Result<void> Predecessor::take_over(proxy::Agent& agent) {
    HandoverMessage ready;
    ready.kind = Kind::ready;
    handover_.send(ready);
    const base::Instant deadline = base::Clock::now() + patience;
    while (const auto message = handover_.await(deadline)) {
        if (message->kind != Kind::serve) continue;
        agent.set_elsewhere(message->kept);
        return {};
    }
    return gone();
}

void Predecessor::serving() const {
    HandoverMessage message;
    message.kind = Kind::serving;
    handover_.send(message);
}

void Predecessor::step(proxy::Agent& agent) {
    if (finished_) return;
    while (const auto message = handover_.receive()) {
        if (message->kind == Kind::kept) agent.set_elsewhere(message->kept);
    }
    if (!handover_.closed()) return;
    finished_ = true;
    agent.set_elsewhere({});
    agent.successions().predecessor(0);
    agent.successions().refuse_for("");
    base::log::info("agent.predecessor_finished", {{"process", process_}});
}

}  // namespace weir::cli
