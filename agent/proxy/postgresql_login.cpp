#include "proxy/postgresql_login.h"

#include <algorithm>

#include "loop/proxy_protocol.h"
#include "proxy/console_command.h"
#include "proxy/lobby.h"
#include "proxy/startup_options.h"
#include "wire/postgresql/messages.h"

namespace weir::proxy {

namespace pg = wire::postgresql;
using telemetry::AuthFailure;
using telemetry::ClientClose;

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
    spoke_ = true;
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
