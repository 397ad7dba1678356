#include "cli/systemd.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/fd.h"
#include "base/log.h"

namespace weir::cli {
namespace {

// Zero when it is not there or no number.
std::int64_t number_in_environment(const char* name) {
    const char* text = std::getenv(name);
    if (text == nullptr) return 0;
    const std::string_view digits(text);
    std::int64_t number = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size() ? number : 0;
}

}  // namespace

void notify_systemd(const std::string& state) {
    const char* path = std::getenv("NOTIFY_SOCKET");
    if (path == nullptr || *path == '\0') return;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::size_t length = std::strlen(path);
    if (length >= sizeof address.sun_path) return;
    std::memcpy(address.sun_path, path, length);
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // an abstract name
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
    const base::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    // A manager that does not read for a while must not hold up the agent; a sign of life that is
    // left out is followed by the next.
    const int patience = state == "WATCHDOG=1" ? MSG_DONTWAIT : 0;
    if (::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL | patience,
                 reinterpret_cast<const sockaddr*>(&address), size) < 0) {
        base::log::warn("agent.notify_failed", {{"error", std::strerror(errno)}});
    }
}

std::string reloading_state(base::Instant now) {
    const auto since_boot =
        std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
    return fmt::format("RELOADING=1\nMONOTONIC_USEC={}", since_boot.count());
}

Watchdog::Watchdog(base::Duration limit) : every_(limit / 2) {}

Watchdog Watchdog::of_environment() {
    const std::int64_t process = number_in_environment("WATCHDOG_PID");
    if (process != 0 && process != ::getpid()) return Watchdog({});
    return Watchdog(std::chrono::microseconds(number_in_environment("WATCHDOG_USEC")));
}

bool Watchdog::due(base::Instant now) {
    if (every_ <= base::Duration::zero() || now - last_ < every_) return false;
    last_ = now;
    return true;
}

}  // namespace weir::cli
