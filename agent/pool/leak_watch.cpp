#include "pool/leak_watch.h"

namespace weir::pool {
namespace {

using settings::PoolMode;

Duration threshold(const settings::Pool& settings) {
    const bool client_keeps_it =
        settings.mode == PoolMode::session || settings.mode == PoolMode::direct;
    return client_keeps_it && !settings.leak_after_set ? Duration::zero() : settings.leak_after;
}

// Pins under which silence is what the client asked for.
bool meant_to_be_quiet(PinReason reason) {
    switch (reason) {
        case PinReason::listen:
        case PinReason::subscribe:
        case PinReason::blocking:
        case PinReason::monitor:
        case PinReason::tracking:
            return true;
        default:
            return false;
    }
}

}  // namespace

LeakWatch::LeakWatch(const settings::Pool& settings) : leak_after_(threshold(settings)) {}

void LeakWatch::reconfigure(const settings::Pool& settings) {
    leak_after_ = threshold(settings);
    while (leak_after_.count() == 0 && quiet_.pop_front() != nullptr) {
    }
}

bool LeakWatch::watches(const Server& server) const {
    if (leak_after_.count() == 0 || server.leak_suspected_ || !server.quiet_) return false;
    return server.in_transaction_ ||
           (server.pin_reason_.has_value() && !meant_to_be_quiet(*server.pin_reason_));
}

void LeakWatch::quiet(Server& server) {
    busy(server);
    if (!watches(server)) return;
    // A pin that changed in silence comes last though its silence is older: seen a little late.
    quiet_.push_back(server);
}

void LeakWatch::busy(Server& server) {
    if (server.base::ListHook<LeakTag>::linked()) quiet_.erase(server);
}

Server* LeakWatch::next_suspect(Instant now) {
    Server* oldest = quiet_.first();
    if (oldest == nullptr || now - oldest->quiet_since_ < leak_after_) return nullptr;
    quiet_.erase(*oldest);
    oldest->leak_suspected_ = true;
    return oldest;
}

}  // namespace weir::pool
