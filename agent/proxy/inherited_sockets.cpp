#include "proxy/inherited_sockets.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <sstream>

#include "loop/socket.h"
#include "settings/address.h"

namespace weir::proxy {
namespace {

int number(const settings::Environment& environment, const char* name) {
    const auto found = environment.find(name);
    if (found == environment.end()) return 0;
    const std::string& text = found->second;
    int value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() ? value : 0;
}

std::vector<std::string> names(const settings::Environment& environment, std::size_t count) {
    std::vector<std::string> all;
    if (const auto found = environment.find("LISTEN_FDNAMES"); found != environment.end()) {
        std::istringstream text(found->second);
        for (std::string name; std::getline(text, name, ':');) all.push_back(std::move(name));
    }
    all.resize(count);
    return all;
}

bool same_place(const std::string& configured, const std::string& bound) {
    auto wanted = settings::parse_address(configured);
    const auto is = settings::parse_address(bound);
    if (!wanted || !is) return false;
    if (wanted->host == "localhost") wanted->host = is->host == "::1" ? "::1" : "127.0.0.1";
    if (wanted->host == "*") wanted->host = is->host == "::" ? "::" : "0.0.0.0";
    return wanted->host == is->host && wanted->port == is->port && wanted->path == is->path;
}

}  // namespace

const settings::Listen* listener_of(const settings::Settings& settings, const std::string& name,
                                    const std::string& bound_address) {
    const auto& all = settings.listen;
    auto found = std::find_if(all.begin(), all.end(),
                              [&](const settings::Listen& listen) { return listen.name == name; });
    if (found == all.end()) {
        found = std::find_if(all.begin(), all.end(), [&](const settings::Listen& listen) {
            return same_place(listen.address, bound_address);
        });
    }
    return found == all.end() ? nullptr : &*found;
}

base::Result<InheritedSockets> passed_sockets(const settings::Settings& settings,
                                              const settings::Environment& environment,
                                              pid_t process, int first) {
    InheritedSockets sockets;
    if (number(environment, "LISTEN_PID") != process) return sockets;
    // They are nobody's after us.
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
    const int count = std::max(number(environment, "LISTEN_FDS"), 0);
    const auto named = names(environment, static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        base::Fd socket(first + i);
        const std::string& name = named[static_cast<std::size_t>(i)];
        if (!loop::take_listening(socket.get())) {
            return base::error(
                fmt::format("LISTEN_FDS: descriptor {} (\"{}\") is no listening stream socket",
                            first + i, name));
        }
        const std::string bound = loop::bound_address(socket.get());
        const settings::Listen* listen = listener_of(settings, name, bound);
        if (listen == nullptr) {
            return base::error(fmt::format(
                "LISTEN_FDS: no [[listen]] is called \"{}\" or has the address {}: "
                "FileDescriptorName= must be a listener's name, or ListenStream= its address",
                name, bound));
        }
        sockets.push_back({listen->address, std::move(socket), false});
    }
    return sockets;
}

}  // namespace weir::proxy
