#include "collectors/servers/questions.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>

namespace weir::collectors {

base::Fd copy_of(int fd) { return base::Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

void see_off(const base::Fd& left, const Patience& patience) {
    if (!left || ::shutdown(left.get(), SHUT_WR) != 0) return;
    std::array<char, 1024> ignored{};
    do {
        if (!patience.wait_for(left.get(), POLLIN)) return;
    } while (::recv(left.get(), ignored.data(), ignored.size(), MSG_DONTWAIT) > 0);
}

std::string first_line(std::string_view text) {
    return std::string(text.substr(0, text.find_first_of("\r\n")));
}

}  // namespace weir::collectors
