#include "upstream/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <mutex>
#include <thread>
#include <utility>

#include "upstream/background_thread.h"

namespace weir::upstream {
namespace {

base::Result<std::vector<std::string>> addresses_of(const std::string& name) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int status = getaddrinfo(name.c_str(), nullptr, &hints, &found);
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
    std::vector<std::string> addresses;
    for (const addrinfo* a = found; status == 0 && a != nullptr; a = a->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (getnameinfo(a->ai_addr, a->ai_addrlen, text.data(), text.size(), nullptr, 0,
                        NI_NUMERICHOST) == 0) {
            addresses.emplace_back(text.data());
        }
    }
    if (addresses.empty()) {
        const char* why = status != 0 ? gai_strerror(status) : "it has no address";
        return base::error("could not resolve host name \"" + name + "\": " + why);
    }
    return addresses;
}

}  // namespace

Resolution resolve(const std::vector<Endpoint>& endpoints) {
    std::vector<Endpoint> resolved;
    for (const Endpoint& endpoint : endpoints) {
        if (!endpoint.needs_resolving()) {
            resolved.push_back(endpoint);
            continue;
        }
        auto addresses = addresses_of(endpoint.host);
        // With several hosts one unknown name must not take the others away.
        if (!addresses && endpoints.size() == 1) return tl::make_unexpected(addresses.error());
        if (!addresses) continue;
        for (std::string& address : *addresses) {
            resolved.push_back({endpoint.host, endpoint.port, std::move(address)});
        }
    }
    if (resolved.empty()) return base::error("none of the upstream's host names could be resolved");
    return resolved;
}

struct Resolver::State {
    std::mutex mutex;
    std::function<void()> answered;  // empty once the resolver is gone
    std::unique_ptr<Resolution> answer;
    bool asking = false;
};

Resolver::Resolver(std::function<void()> answered) : state_(std::make_shared<State>()) {
    state_->answered = std::move(answered);
}

Resolver::~Resolver() {
    const std::lock_guard lock(state_->mutex);
    state_->answered = nullptr;
}

void Resolver::ask(std::vector<Endpoint> endpoints) {
    {
        const std::lock_guard lock(state_->mutex);
        if (std::exchange(state_->asking, true)) return;
    }
    // A thread a question: dials are rare, and a thread that is stuck in the C library holds
    // nobody.
    std::thread([state = state_, asked = std::move(endpoints)] {
        enter_background_thread("weir-resolve");
        auto answer = std::make_unique<Resolution>(resolve(asked));
        const std::lock_guard lock(state->mutex);
        state->asking = false;
        state->answer = std::move(answer);
        if (state->answered) state->answered();
    }).detach();
}

std::unique_ptr<Resolution> Resolver::take() {
    const std::lock_guard lock(state_->mutex);
    return std::move(state_->answer);
}

}  // namespace weir::upstream
