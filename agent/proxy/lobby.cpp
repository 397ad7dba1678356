#include "proxy/lobby.h"

#include <fcntl.h>

#include <algorithm>
#include <future>
#include <map>

#include "base/log.h"
#include "loop/socket.h"
#include "proxy/engine.h"
#include "proxy/process_id.h"

namespace weir::proxy {
namespace {

constexpr base::Duration silence_limit = std::chrono::seconds(1);

InheritedSocket take(InheritedSockets& all, const std::string& address) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const InheritedSocket& each) {
        return each.address == address;
    });
    if (found == all.end()) return {};
    InheritedSocket taken = std::move(*found);
    all.erase(found);
    return taken;
}

}  // namespace

Lobby::Door::~Door() {
    if (socket && owns_file) remove_socket_file(address);
}

Lobby::Lobby(Shared& shared, Inspection& agent, std::vector<std::unique_ptr<PoolLoop>>& homes,
             std::string salt_secret)
    : shared_(shared),
      homes_(homes),
      accounts_(std::make_unique<Accounts>(shared.settings, std::move(salt_secret))),
      loop_(loop::make_epoll_loop()),
      found_accounts_(shared.settings, *loop_, budgeted_queries(shared)),
      probe_(shared.registry.loop(static_cast<unsigned>(homes.size()), loop_->backend())),
      mysql_versions_(shared),
      desk_(agent, shared, *loop_, session_probes_) {
    adopt_listeners();
    shared_.readmit = [this](Newcomer newcomer) {
        loop_->post(
            [this, newcomer = std::move(newcomer)]() mutable { hand_over(std::move(newcomer)); });
    };
    shared_.log_in_again = [this](Newcomer newcomer) {
        loop_->post([this, newcomer = std::move(newcomer)]() mutable {
            welcome(make_login_again(*this, std::move(newcomer))).welcomed();
        });
    };
    shared_.kill = [this](std::uint32_t thread_id, bool query, std::string user,
                          std::function<void(KillOutcome)> told) {
        const KillOrder order(thread_id, query, std::move(user),
                              static_cast<unsigned>(homes_.size()), std::move(told));
        for (const auto& home : homes_) home->kill(order);
    };
    loop_->add(*this);
}

Lobby::~Lobby() { stop(); }

void Lobby::adopt_listeners() {
    session_probes_.clear();
    for (const auto& listener : shared_.listeners) {
        session_probes_.push_back(
            shared_.registry.session(listener->labels, static_cast<unsigned>(homes_.size())));
    }
    by_age_.resize(shared_.listeners.size());
}

void Lobby::adopt(Replacement& replacement) {
    adopt_listeners();
    adopt_doors(replacement);
    accounts_.swap(replacement.accounts);
    former_.accounts = std::move(replacement.accounts);
    accounts_->derive_all();
    if (replacement.asks_anew) former_.queries = found_accounts_.renew(shared_.settings);
    desk_.adopt();
}

void Lobby::adopt_doors(Replacement& replacement) {
    if (stopped_listening_) return;            // a drain has come between
    std::map<unsigned, InheritedSocket> left;  // of listeners that leave them
    for (const auto& door : doors_) {
        if (!replacement.closed.contains(door->listener)) continue;
        const bool wanted = std::any_of(
            replacement.doors.begin(), replacement.doors.end(), [&](const auto& opened) {
                return !opened.second.socket && opened.second.taken_from == door->listener;
            });
        door->listening.reset();
        if (wanted) {
            left[door->listener] = {door->address, std::move(door->socket), door->owns_file};
        }
    }
    std::erase_if(doors_, [](const auto& door) { return door->listening == nullptr; });
    for (auto& [listener, opened] : replacement.doors) {
        InheritedSocket taken =
            opened.socket ? InheritedSocket{opened.address, std::move(opened.socket), true}
                          : std::move(left[opened.taken_from]);
        base::log::info("listener.bound",
                        {{"listener", shared_.listeners[listener]->settings->name},
                         {"address", loop::bound_address(taken.socket.get())}});
        auto door =
            std::make_unique<Door>(*this, listener, std::move(taken.socket), taken.owns_file);
        door->listening = loop_->listen(door->socket.get(), *door);
        doors_.push_back(std::move(door));
    }
}

base::Result<void> Lobby::bind(InheritedSockets inherited) {
    for (unsigned i = 0; i < shared_.listeners.size(); ++i) {
        const settings::Listen& listen = *shared_.listeners[i]->settings;
        if (listen.tls.mode != settings::ClientTls::disable) {
            auto tls = ListenerTls::make(listen);
            if (!tls) return tl::make_unexpected(tls.error());
            shared_.listeners[i]->tls = std::move(*tls);
        }
        InheritedSocket socket = take(inherited, listen.address);
        const bool adopted = static_cast<bool>(socket.socket);
        if (!adopted) {
            auto bound = loop::listen_on(listen.address);
            if (!bound) return tl::make_unexpected(bound.error());
            socket.socket = std::move(*bound);
        }
        base::log::info("listener.bound", {{"listener", listen.name},
                                           {"engine", base::word(listen.engine)},
                                           {"address", loop::bound_address(socket.socket.get())},
                                           {"inherited", adopted}});
        doors_.push_back(std::make_unique<Door>(*this, i, std::move(socket.socket), !adopted));
        doors_.back()->adopts_file = socket.owns_file;
    }
    leftover_ = std::move(inherited);
    return {};
}

void Lobby::start() {
    accounts_->derive_all();
    loop_->post([this] { mysql_versions_.learn(loop_->now()); });
    thread_ = std::thread([this] {
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

void Lobby::open_doors() {
    loop_->post([this] {
        for (const auto& door : doors_) {
            if (std::exchange(door->adopts_file, false)) door->owns_file = true;
            door->listening = loop_->listen(door->socket.get(), *door);
        }
        for (const InheritedSocket& each : std::exchange(leftover_, {})) {
            if (each.owns_file) remove_socket_file(each.address);
        }
    });
}

void Lobby::close_doors() {
    loop_->post([this] {
        for (const auto& door : doors_) door->listening.reset();
    });
}

InheritedSockets Lobby::sockets() {
    std::promise<InheritedSockets> told;
    loop_->post([this, &told] {
        InheritedSockets all;
        for (const auto& door : doors_) {
            base::Fd copy(::fcntl(door->socket.get(), F_DUPFD_CLOEXEC, 0));
            all.push_back({door->address, std::move(copy), door->owns_file});
        }
        told.set_value(std::move(all));
    });
    return told.get_future().get();
}

void Lobby::give_files_away() {
    loop_->post([this] {
        for (const auto& door : doors_) door->owns_file = false;
    });
}

void Lobby::stop_listening() {
    loop_->post([this] {
        stopped_listening_ = true;
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
    welcome(make_login(*this, listener, std::move(client))).begin();
}

Login& Lobby::welcome(std::unique_ptr<Login> login) {
    by_age_[login->listener()].push_back(*login);
    Login* const key = login.get();
    logins_.emplace(key, std::move(login));
    ++logins_under_way_;
    return *key;
}

// Whoever is silent for long is a port scanner or a load balancer's check, and never logs in.
void Lobby::count_logins(base::Instant now) {
    logins_under_way_ = static_cast<std::size_t>(
        std::count_if(logins_.begin(), logins_.end(), [now](const auto& login) {
            return login.first->spoke() || now - login.first->began() < silence_limit;
        }));
}

void Lobby::tick(base::Instant now) {
    count_logins(now);
    desk_.tick(now);
    shared_.registry.tenants().tick(now);
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
    const ProcessId id = ProcessId::of(process_id);
    if (id.generation != shared_.generation) {
        if (forward_cancel_) forward_cancel_(process_id, secret);
    } else if (id.loop < homes_.size()) {
        homes_[id.loop]->cancel(process_id, secret);
    }
}

// The generation stands where ProcessId has it, so that two processes that share a listener at a
// restart give out different ids; 0 is nobody's.
std::uint32_t Lobby::next_thread_id() {
    constexpr std::uint32_t of_a_generation = ProcessId::loops * ProcessId::numbers;
    thread_ids_ = thread_ids_ % (of_a_generation - 1) + 1;
    return shared_.generation * of_a_generation + thread_ids_;
}

void Lobby::hand_over(Newcomer newcomer) {
    const settings::Listen& listener = *shared_.listeners[newcomer.listener]->settings;
    // Whoever asks for it by PostgreSQL's protocol has logged in as an admin.
    if (listener.engine == settings::Engine::postgresql && is_console_database(newcomer.database)) {
        desk_.admit(std::move(newcomer));
        return;
    }
    const unsigned home =
        shared_.directory.enter(newcomer.route.key(), shared_.kin(newcomer.route.template_index));
    homes_[home]->admit(std::move(newcomer));
}

std::string Lobby::mysql_greeting() {
    mysql_versions_.learn(loop_->now());
    return mysql_versions_.greeting();
}

const wire::mysql::RsaKey* Lobby::mysql_key() {
    if (!mysql_key_) {
        auto made = wire::mysql::RsaKey::generate();
        if (!made) {
            base::log::error("listener.key_failed", {{"error", made.error().message}});
            return nullptr;
        }
        mysql_key_.emplace(std::move(*made));
    }
    return &*mysql_key_;
}

void Lobby::retire(Login& login) {
    by_age_[login.listener()].erase(login);
    retired_.push_back(&login);
    loop_->defer(sweep_);
}

void Lobby::Sweep::run() {
    for (Login* login : std::exchange(lobby.retired_, {})) {
        lobby.logins_.erase(login);
    }
}

}  // namespace weir::proxy
