#include "proxy/postgresql_login.h"

#include <openssl/crypto.h>
#include <sys/random.h>

#include <algorithm>
#include <array>

#include "loop/proxy_protocol.h"
#include "proxy/console_command.h"
#include "proxy/lobby.h"
#include "proxy/startup_options.h"
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

PostgresqlLogin::PostgresqlLogin(Lobby& lobby, unsigned listener, base::Fd socket)
    : Login(lobby, listener, std::move(socket)),
      step_(lobby.shared().listeners[listener]->settings->proxy_protocol ? Step::proxy_header
                                                                         : Step::startup) {}

PostgresqlLogin::~PostgresqlLogin() {
    if (step_ == Step::asking) lobby_.found_accounts().forget(*asked_, newcomer_.user, *this);
}

void PostgresqlLogin::timed_out() { refuse(login_timed_out(), ClientClose::timeout); }

void PostgresqlLogin::end_of_input() {
    stream_->close();
    stream_ = nullptr;
    finish(ClientClose::client);
}

void PostgresqlLogin::received(loop::Slice bytes) {
    buffer_.append(bytes.bytes());
    while (!finished_ && advance()) {
    }
}

bool PostgresqlLogin::advance() {
    switch (step_) {
        case Step::proxy_header:
            return read_proxy_header();
        case Step::startup:
            return read_startup();
        case Step::asking:
            return false;
        case Step::sasl_initial:
        case Step::sasl_response:
        case Step::md5_response:
            return read_password();
    }
    return false;
}

bool PostgresqlLogin::read_proxy_header() {
    const loop::ProxyHeader header = loop::parse_proxy_header(buffer_);
    switch (header.status) {
        case loop::ProxyHeader::Status::need_more:
            return false;
        case loop::ProxyHeader::Status::invalid:
            refuse(protocol_violation("a PROXY protocol header was expected"),
                   ClientClose::protocol_error);
            return false;
        case loop::ProxyHeader::Status::done:
            break;
    }
    if (!header.address.empty()) address_ = header.address;
    buffer_.erase(0, header.length);
    step_ = Step::startup;
    return true;
}

bool PostgresqlLogin::read_startup() {
    const pg::Startup startup = pg::parse_startup(buffer_);
    using Kind = pg::Startup::Kind;
    switch (startup.kind) {
        case Kind::need_more:
            return false;
        case Kind::ssl_request:
        case Kind::gss_request:
            buffer_.erase(0, startup.length);
            return answer_encryption_request(startup.kind == Kind::ssl_request);
        case Kind::cancel:
            lobby_.cancel(startup.process_id, startup.secret);
            stream_->close_after_flush();
            stream_ = nullptr;
            finish(ClientClose::client);
            return false;
        case Kind::direct_tls:
            direct_tls_ = true;
            if (!begin_tls(buffer_)) {
                refuse(protocol_violation("this listener does not speak TLS"),
                       ClientClose::protocol_error);
            }
            buffer_.clear();
            return false;
        case Kind::invalid:
            refuse(protocol_violation(startup.error), ClientClose::protocol_error);
            return false;
        case Kind::start:
            buffer_.erase(0, startup.length);
            started(startup);
            return true;
    }
    return false;
}

bool PostgresqlLogin::answer_encryption_request(bool tls_asked_for) {
    // One of each at most, and nothing may be sent before the answer is known: what somebody put in
    // between would count as said under TLS.
    if (++encryption_requests_ > 2 || !buffer_.empty() || stream_->tls() != nullptr) {
        refuse(protocol_violation("unexpected data after an encryption request"),
               ClientClose::protocol_error);
        return false;
    }
    const bool encrypts = tls_asked_for && lobby_.shared().listeners[listener_]->tls != nullptr;
    stream_->write(encrypts ? "S" : "N");
    return !encrypts || begin_tls({});
}

bool PostgresqlLogin::begin_tls(std::string_view ciphertext) {
    const auto& listener = lobby_.shared().listeners[listener_]->tls;
    auto tls = listener == nullptr || stream_->tls() != nullptr ? nullptr : listener->accept();
    if (tls == nullptr) return false;
    stream_->start_tls(std::move(tls), ciphertext);
    return true;
}

bool PostgresqlLogin::admitted_by_tls() {
    const settings::Listen& listen = *lobby_.shared().listeners[listener_]->settings;
    const loop::Tls* tls = stream_->tls();
    if (direct_tls_ && !tls->agreed_on_protocol()) {
        refuse(
            protocol_violation("TLS from the first byte needs the protocol \"postgresql\" in ALPN"),
            ClientClose::protocol_error);
        return false;
    }
    using Mode = settings::ClientTls;
    if (tls == nullptr && (listen.tls.mode == Mode::require || listen.tls.mode == Mode::verify)) {
        refuse(tls_required(listen.name), AuthFailure::method);
        return false;
    }
    if (listen.tls.mode == Mode::verify && tls->peer_name() != newcomer_.user) {
        refuse(other_certificate(newcomer_.user, tls->peer_name()), AuthFailure::method);
        return false;
    }
    return true;
}

base::Result<void> PostgresqlLogin::take_parameters(const pg::Startup& startup) {
    for (const auto& [name, value] : startup.parameters) {
        if (name == "user") {
            newcomer_.user = value;
        } else if (name == "database") {
            newcomer_.database = value;
        } else if (name == "application_name") {
            newcomer_.application_name = value;
        } else if (name == "options") {
            auto options = parse_startup_options(value);
            if (!options) return tl::make_unexpected(options.error());
            for (auto& option : *options) newcomer_.options.push_back(std::move(option));
        } else if (name == "replication") {
            if (value != "false" && value != "off" && value != "no" && value != "0") {
                return base::error(
                    "replication connections can't be pooled: connect to the server");
            }
        } else if (name.rfind("_pq_.", 0) != 0) {
            newcomer_.options.emplace_back(name, value);
        }
    }
    const auto dedicated = take_dedicated(newcomer_.options);
    if (!dedicated) return tl::make_unexpected(dedicated.error());
    newcomer_.dedicated = *dedicated;
    if (newcomer_.user.empty()) return base::error("no user name in the start-up packet");
    if (newcomer_.database.empty()) newcomer_.database = newcomer_.user;
    return {};
}

void PostgresqlLogin::started(const pg::Startup& startup) {
    const settings::Listen& listen = *lobby_.shared().listeners[listener_]->settings;
    if (over_limit_) {
        refuse(client_limit("listener \"" + listen.name + "\"", listen.max_clients),
               ClientClose::limit);
        return;
    }
    newcomer_.protocol_minor = std::min(startup.minor, newest_minor);
    if (startup.minor > newest_minor || !startup.unknown_protocol_options.empty()) {
        stream_->write(pg::negotiate_protocol_version(newcomer_.protocol_minor,
                                                      startup.unknown_protocol_options));
    }
    if (const auto taken = take_parameters(startup); !taken) {
        refuse(protocol_violation(taken.error().message), ClientClose::protocol_error);
        return;
    }
    if (!admitted_by_tls()) return;
    newcomer_.account = lobby_.accounts().find(newcomer_.user);
    if (listen.auth == settings::AuthMode::trust) {
        authenticated();
        return;
    }
    if (newcomer_.account != nullptr) {
        challenge(lobby_.accounts().verifier(*newcomer_.account));
    } else if (listen.auth == settings::AuthMode::query) {
        ask_server();
    } else {
        challenge(lobby_.accounts().unknown(newcomer_.user));
    }
}

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

void PostgresqlLogin::enter_console() {
    if (lobby_.shared().listeners[listener_]->settings->auth == settings::AuthMode::trust) {
        refuse(console_needs_password(), AuthFailure::method);
        return;
    }
    newcomer_.account = lobby_.accounts().find(newcomer_.user);
    if (newcomer_.account == nullptr || !newcomer_.account->user->admin) {
        refuse(console_not_allowed(newcomer_.user), AuthFailure::pool_not_allowed);
        return;
    }
    stream_->write(pg::authentication_ok());
    hand_over(std::move(newcomer_), std::move(buffer_));
}

void PostgresqlLogin::refuse(const Answer& why, AuthFailure reason) {
    lobby_.session_probe(listener_).refused_login(reason);
    refuse(why, ClientClose::login_failed);
}

void PostgresqlLogin::refuse(const Answer& why, ClientClose reason) {
    stream_->write(pg::error_response("FATAL", why.sqlstate, why.message, {}, why.hint));
    stream_->close_after_flush();
    stream_ = nullptr;
    finish(reason);
}

}  // namespace weir::proxy
