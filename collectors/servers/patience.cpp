#include "collectors/servers/patience.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace weir::collectors {

Patience::Woken Patience::wait(int fd, short events, short& came) const {
    constexpr std::int64_t longest = 60'000;  // poll(2) counts in an int of milliseconds
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(until_ - base::Clock::now()).count();
        std::array<pollfd, 2> polled{{{stop_, POLLIN, 0}, {fd, events, 0}}};
        const int count = ::poll(polled.data(), polled.size(),
                                 static_cast<int>(std::clamp<std::int64_t>(left, 0, longest)));
        if (count > 0 && polled[0].revents != 0) return Woken::stopped;
        if (count > 0 && polled[1].revents != 0) {
            came = polled[1].revents;
            return Woken::ready;
        }
        if (left <= 0) return Woken::late;
    }
}

base::Result<short> Patience::wait_for(int fd, short events) const {
    short came = 0;
    switch (wait(fd, events, came)) {
        case Woken::ready:
            return came;
        case Woken::late:
            return base::error("no answer in time");
        case Woken::stopped:
            break;
    }
    return base::error("stopped");
}

bool Patience::sit_out() const {
    short ignored = 0;
    return wait(-1, 0, ignored) == Woken::late;
}

Patience Patience::part(unsigned parts) const {
    const base::Instant now = base::Clock::now();
    return {stop_, now + std::max(until_ - now, base::Duration()) / std::max(parts, 1U)};
}

}  // namespace weir::collectors
