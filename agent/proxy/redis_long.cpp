// Requests that are too long to be gathered: they stream through a connection of their own, so that
// a slow sender holds up nobody.
#include <fmt/format.h>

#include <utility>

#include "proxy/pool_loop.h"
#include "proxy/redis_errors.h"
#include "proxy/redis_server.h"
#include "proxy/redis_session.h"

namespace weir::proxy {

using telemetry::ClientClose;
using telemetry::PinReason;

RedisSession::Verdict RedisSession::handle_long(const Request& request) {
    // Where COPY goes may be said behind its long key.
    const bool copies = wire::redis::is_word(request.arguments.front(), "COPY") &&
                        !tenant_.pool->settings().admin_commands;
    const Command command = copies ? Command::dangerous : wire::redis::classify(request.arguments);
    switch (command) {
        case Command::ordinary:
        case Command::ping:
        case Command::echo:
        case Command::watch:
        case Command::blocking:
            break;
        default:
            if (due_ > 0) return Verdict::later;
            farewell(redis_error(fmt::format("ERR Protocol error: too long a '{}'",
                                             shown_command(request.arguments.front()))),
                     ClientClose::protocol_error);
            return Verdict::done;
    }
    long_command_ = command;
    long_head_ = request.bytes;
    long_ = Long::waits;
    if (refused_multi_) refusal_ = redis_error("ERR not queued: MULTI has failed");
    begin_long();
    return Verdict::done;
}

void RedisSession::begin_long() {
    const PinReason reason = long_command_ == Command::watch      ? PinReason::watch
                             : long_command_ == Command::blocking ? PinReason::blocking
                                                                  : PinReason::other;
    if (!refusal_ && !obtain(true, reason) && !refusal_) return;
    const std::string head = std::exchange(long_head_, {});
    if (refusal_) {
        long_ = Long::dropped;
        long_refusal_ = *std::exchange(refusal_, std::nullopt);
        return;
    }
    long_ = Long::streams;
    if (forward({head, {"long"}, 0}) == Verdict::later) {
        long_ = Long::dropped;
        long_refusal_ = *std::exchange(refusal_, std::nullopt);
        return;
    }
    skips_ = false;
    if (lease_.multi) return;
    if (long_command_ == Command::watch) lease_.watch = true;
    if (long_command_ == Command::blocking) lease_.blocking = true;
}

std::size_t RedisSession::pass_long(std::string_view bytes, const loop::Slice* slice) {
    const std::size_t size = scanner_.pass(bytes);
    if (!scanner_.error().empty()) {
        farewell(redis_error(fmt::format("ERR {}", scanner_.error())), ClientClose::protocol_error);
        return size;
    }
    if (long_ == Long::streams) {
        if (slice != nullptr) {
            server().send(slice->part(0, size));
        } else {
            server().send(bytes.substr(0, size));
        }
        if (server().unsent() > loop::Stream::pause_mark) pause_client(server_full_);
    }
    if (scanner_.passing()) return size;
    if (std::exchange(long_, Long::none) == Long::dropped) {
        say(std::exchange(long_refusal_, {}));
    } else if (due_ == 0 && !lease_.relayed) {
        nothing_due();  // the server was faster with an error
    }
    return size;
}

}  // namespace weir::proxy
