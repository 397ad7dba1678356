// How a client proves who it is, by SCRAM, by md5 or by being trusted, and what it may then enter.
#include <openssl/crypto.h>
#include <sys/random.h>

#include <algorithm>
#include <array>

#include "proxy/console_command.h"
#include "proxy/lobby.h"
#include "proxy/postgresql_login.h"
#include "settings/credential.h"
#include "wire/postgresql/messages.h"

namespace weir::proxy {

namespace pg = wire::postgresql;
using telemetry::AuthFailure;
using telemetry::ClientClose;

namespace {

// PostgreSQL's own bound for a password message.
constexpr std::uint32_t maximum_password_length = 65535;

template <class Bytes>
bool fill_randomly(Bytes& bytes) {
    return getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
}

}  // namespace

// The upstream of the pool that the client asks for; where there is none, the first: whether there
// is such a pool is told to those alone who have logged in.
void PostgresqlLogin::ask_server() {
    const Shared& shared = lobby_.shared();
    const settings::Engine engine = shared.listeners[listener_]->settings->engine;
    const auto route = shared.routes.find(engine, newcomer_.database);
    const auto first =
        std::find_if(shared.upstreams.begin(), shared.upstreams.end(),
                     [engine](const auto& u) { return u->settings.engine == engine; });
    if (!route && first == shared.upstreams.end()) {
        challenge(lobby_.accounts().unknown(newcomer_.user));
        return;
    }
    asked_ = route ? shared.template_upstream[route->template_index]
                   : static_cast<unsigned>(first - shared.upstreams.begin());
    step_ = Step::asking;
    stream_->pause_receive();
    lobby_.found_accounts().ask(*asked_, newcomer_.user, *this);
}

void PostgresqlLogin::found(const Found& answer) {
    if (finished_) return;
    Accounts& accounts = lobby_.accounts();
    newcomer_.account = answer.account;
    if (answer.account != nullptr) {
        challenge(accounts.verifier(*answer.account));
    } else if (answer.unknown_by_md5) {
        challenge(Accounts::unknown_by_md5());
    } else {
        challenge(accounts.unknown_by_scram(newcomer_.user, answer.unknown_iterations));
    }
    if (finished_) return;
    stream_->resume_receive();
    while (!finished_ && advance()) {  // what came meanwhile
    }
}

void PostgresqlLogin::not_asked(const std::string& why) {
    if (finished_) return;
    step_ = Step::startup;
    refuse(role_not_asked(lobby_.shared().upstreams[*asked_]->settings.name, why),
           ClientClose::login_failed);
}

void PostgresqlLogin::challenge(const Verifier& verifier) {
    std::array<char, 18> nonce{};
    if (!fill_randomly(nonce) || !fill_randomly(salt_)) {
        refuse({"58000", "no random numbers for authentication", {}}, ClientClose::login_failed);
        return;
    }
    if (const auto* md5 = std::get_if<pg::Md5Verifier>(&verifier)) {
        md5_ = *md5;
        stream_->write(pg::authentication_md5_password({salt_.data(), salt_.size()}));
        step_ = Step::md5_response;
        return;
    }
    exchange_.emplace(
        std::get<pg::ScramVerifier>(verifier), std::string_view(nonce.data(), nonce.size()),
        stream_->tls() == nullptr ? std::string() : stream_->tls()->server_end_point());
    stream_->write(pg::authentication_sasl(exchange_->mechanisms()));
    step_ = Step::sasl_initial;
}

bool PostgresqlLogin::read_password() {
    constexpr std::size_t header = 5;
    if (buffer_.size() < header) return false;
    const auto byte = [this](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(buffer_[i]));
    };
    const std::uint32_t length = byte(1) << 24U | byte(2) << 16U | byte(3) << 8U | byte(4);
    if (buffer_.front() != 'p' || length < 4 || length > maximum_password_length) {
        refuse(protocol_violation("expected a password message"), ClientClose::protocol_error);
        return false;
    }
    if (buffer_.size() < 1 + static_cast<std::size_t>(length)) return false;
    const std::size_t size = 1 + static_cast<std::size_t>(length);
    const std::string_view message(buffer_.data() + header, size - header);
    const bool first = step_ == Step::sasl_initial;
    const bool goes_on = first ? take_sasl_initial(message) : take_proof(message);
    // With the verifier a proof gives away what logs in.
    OPENSSL_cleanse(buffer_.data(), size);
    buffer_.erase(0, size);
    if (!first && goes_on) authenticated();
    return first && goes_on;
}

bool PostgresqlLogin::take_sasl_initial(std::string_view message) {
    const auto initial = pg::read_sasl_initial(message);
    const auto offered = exchange_->mechanisms();
    if (!initial ||
        std::find(offered.begin(), offered.end(), initial->mechanism) == offered.end()) {
        refuse(protocol_violation("expected SCRAM-SHA-256"), AuthFailure::method);
        return false;
    }
    const auto answer = exchange_->first(initial->mechanism, initial->data);
    if (!answer) {
        refuse(protocol_violation("malformed SCRAM message"), AuthFailure::method);
        return false;
    }
    stream_->write(pg::authentication_sasl_continue(*answer));
    step_ = Step::sasl_response;
    return true;
}

bool PostgresqlLogin::take_proof(std::string_view message) {
    if (md5_) {
        if (pg::check_md5_answer(*md5_, salt_, message)) return true;
    } else if (const auto answer = exchange_->final(message)) {
        stream_->write(pg::authentication_sasl_final(*answer));
        return true;
    }
    if (asked_) lobby_.found_accounts().refused(*asked_, newcomer_.user);
    refuse(wrong_password(newcomer_.user), AuthFailure::password);
    return false;
}

void PostgresqlLogin::authenticated() {
    if (newcomer_.account != nullptr && !asked_ &&
        lobby_.accounts().find(newcomer_.user) != newcomer_.account) {
        refuse(wrong_password(newcomer_.user), AuthFailure::password);  // changed by a reload
        return;
    }
    if (is_console_database(newcomer_.database)) {
        enter_console();
        return;
    }
    Shared& shared = lobby_.shared();
    const settings::Listen& listen = *shared.listeners[listener_]->settings;
    auto route = shared.routes.find(listen.engine, newcomer_.database);
    if (!route) {
        refuse(no_pool(newcomer_.database), AuthFailure::no_pool);
        return;
    }
    const settings::Pool& pool = *shared.templates[route->template_index];
    if (listen.auth != settings::AuthMode::trust) {
        const settings::User& user = *newcomer_.account->user;
        switch (Accounts::permission(user, pool.name, route->match.tenant)) {
            case Accounts::Permission::granted:
                break;
            case Accounts::Permission::pool_denied:
                refuse(pool_not_allowed(user.name, pool.name), AuthFailure::pool_not_allowed);
                return;
            case Accounts::Permission::tenant_denied:
                refuse(tenant_not_allowed(user.name, route->match.tenant),
                       AuthFailure::tenant_not_allowed);
                return;
        }
        newcomer_.of_account = ClientCount(newcomer_.account->clients);
        if (user.max_clients > 0 && newcomer_.account->clients > user.max_clients) {
            refuse(client_limit("user \"" + user.name + "\"", user.max_clients),
                   ClientClose::limit);
            return;
        }
    }
    if (pool.user.empty() && newcomer_.account != nullptr) {
        const settings::User& user = *newcomer_.account->user;
        if (settings::has_password(user)) {
            newcomer_.password = user.password;
        } else if (listen.auth != settings::AuthMode::trust) {
            refuse(password_unknown(user.name, pool.name), AuthFailure::pool_not_allowed);
            return;
        }
    }
    newcomer_.route = std::move(*route);
    stream_->write(pg::authentication_ok());
    hand_over(std::move(newcomer_), std::move(buffer_));
}

}  // namespace weir::proxy
