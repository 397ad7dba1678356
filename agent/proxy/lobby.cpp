#include "proxy/lobby.h"

#include <unistd.h>

#include "base/log.h"
#include "loop/socket.h"
#include "proxy/postgresql_login.h"

namespace weir::proxy {

Lobby::Door::~Door() {
    constexpr std::string_view unix_prefix = "unix:";
    const std::string& address = lobby.shared_.listeners[listener]->settings->address;
    if (address.rfind(unix_prefix, 0) == 0) ::unlink(address.c_str() + unix_prefix.size());
}

Lobby::Lobby(Shared& shared, Inspection& agent, std::vector<std::unique_ptr<PoolLoop>>& homes,
             std::string salt_secret)
    : shared_(shared),
      homes_(homes),
      accounts_(shared.settings, std::move(salt_secret)),
      loop_(loop::make_epoll_loop()),
      found_accounts_(shared.settings, *loop_, budgeted_queries(shared)),
      probe_(shared.registry.loop(static_cast<unsigned>(homes.size()), loop_->backend())),
      by_age_(shared.listeners.size()),
      desk_(agent, shared, *loop_, session_probes_) {
    for (const auto& listener : shared_.listeners) {
        session_probes_.push_back(
            shared_.registry.session(listener->labels, static_cast<unsigned>(homes.size())));
    }
    loop_->add(*this);
}

Lobby::~Lobby() { stop(); }

base::Result<void> Lobby::bind() {
    for (unsigned i = 0; i < shared_.listeners.size(); ++i) {
        const settings::Listen& listen = *shared_.listeners[i]->settings;
        if (listen.engine != settings::Engine::postgresql) continue;
        if (listen.tls.mode != settings::ClientTls::disable) {
            auto tls = ListenerTls::make(listen);
            if (!tls) return tl::make_unexpected(tls.error());
            shared_.listeners[i]->tls = std::move(*tls);
        }
        auto socket = loop::listen_on(listen.address);
        if (!socket) return tl::make_unexpected(socket.error());
        addresses_.push_back(loop::bound_address(socket->get()));
        base::log::info("listener.bound", {{"listener", listen.name},
                                           {"engine", base::word(listen.engine)},
                                           {"address", addresses_.back()}});
        doors_.push_back(std::make_unique<Door>(*this, i, std::move(*socket)));
    }
    return {};
}

void Lobby::start() {
    accounts_.derive_all();
    thread_ = std::thread([this] {
        for (const auto& door : doors_) door->listening = loop_->listen(door->socket.get(), *door);
        loop_->run(this);
        doors_.clear();
        for (auto& list : by_age_) {
            while (list.pop_front() != nullptr) {
            }
        }
        logins_.clear();
        desk_.clear();
    });
}

void Lobby::stop_listening() {
    loop_->post([this] {
        doors_.clear();
        desk_.dismiss_all();
    });
}

void Lobby::stop() {
    if (!thread_.joinable()) return;
    loop_->stop();
    thread_.join();
    desk_.stop();
}

void Lobby::accepted(unsigned listener, base::Fd client) {
    auto login = std::make_unique<PostgresqlLogin>(*this, listener, std::move(client));
    by_age_[listener].push_back(*login);
    Login* const key = login.get();
    logins_.emplace(key, std::move(login));
}

void Lobby::tick(base::Instant now) {
    desk_.tick(now);
    for (std::size_t i = 0; i < by_age_.size(); ++i) {
        ListenerLink& link = *shared_.listeners[i];
        if (link.tls != nullptr) link.tls->tick(now, *session_probes_[i]);
        const base::Duration limit = shared_.listeners[i]->settings->login_timeout;
        if (limit.count() == 0) continue;
        while (Login* login = by_age_[i].first()) {
            if (login->began() + limit > now) break;
            login->timed_out();
        }
    }
}

void Lobby::cancel(std::uint32_t process_id, const std::string& secret) {
    const std::uint32_t home = PoolLoop::loop_of(process_id);
    if (home < homes_.size()) homes_[home]->cancel(process_id, secret);
}

void Lobby::hand_over(Newcomer newcomer) {
    if (is_console_database(newcomer.database)) {  // its login was one of an admin
        desk_.admit(std::move(newcomer));
        return;
    }
    const unsigned home = shared_.directory.enter(newcomer.route.key());
    homes_[home]->admit(std::move(newcomer));
}

void Lobby::retire(Login& login) {
    by_age_[login.listener()].erase(login);
    retired_.push_back(&login);
    loop_->defer(sweep_);
}

void Lobby::Sweep::run() {
    for (Login* login : std::exchange(lobby.retired_, {})) lobby.logins_.erase(login);
}

}  // namespace weir::proxy
