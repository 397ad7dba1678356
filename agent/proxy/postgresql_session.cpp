#include "proxy/postgresql_session.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/random.h>

#include <cassert>

#include "proxy/pool_loop.h"
#include "proxy/postgresql_server.h"
#include "wire/postgresql/messages.h"

namespace weir::proxy {

namespace pg = wire::postgresql;
using telemetry::ClientClose;
using telemetry::ClientState;
using telemetry::Direction;
using telemetry::Side;

PostgresqlSession::PostgresqlSession(PoolLoop& home, Newcomer newcomer, TenantPool& tenant,
                                     std::uint32_t id)
    : Session(home, std::move(newcomer), tenant, id) {
    if (getrandom(secret_.data(), secret_.size(), 0) != static_cast<ssize_t>(secret_.size())) {
        secret_ = {};  // no cancel will match: secret_matches() refuses an all-zero secret
    }
}

void PostgresqlSession::begin() {
    stream_ = &home_.loop().open(std::move(who_.connection), *this);
    Handshake handshake;
    const settings::Pool& settings = tenant_.pool->settings();
    if (settings.user.empty()) {
        handshake.user = who_.user;
        handshake.password = who_.password;
    } else {
        handshake.user = tenant_.handshake(0).user;
    }
    handshake.options = std::move(who_.options);
    const auto compatible = tenant_.key(handshake);
    if (!compatible) {
        farewell(protocol_violation("too many different sets of start-up parameters in this pool"),
                 ClientClose::limit, true);
        return;
    }
    key = *compatible;
    has_key_ = true;
    const auto greeting = tenant_.greetings.find(key);
    if (greeting != tenant_.greetings.end()) {
        greet(greeting->second);
        return;
    }
    const pool::Acquired acquired = tenant_.pool->acquire(*this, home_.now());
    switch (acquired.kind) {
        case pool::Acquired::Kind::ready:
            granted(static_cast<ServerConnection&>(*acquired.server));
            return;
        case pool::Acquired::Kind::waiting:
            return;
        case pool::Acquired::Kind::refused:
            refused(acquired.refusal);
            return;
    }
}

void PostgresqlSession::greet(const Parameters& parameters) {
    phase_ = Phase::open;
    std::string greeting;
    for (const auto& [name, value] : parameters) {
        greeting +=
            pg::parameter_status(name, name == "application_name" ? who_.application_name : value);
    }
    greeting += pg::backend_key_data(home_.process_id_of(*this),
                                     std::string_view(secret_.data(), secret_.size()));
    greeting += pg::ready_for_query(pg::TransactionStatus::idle);
    reply(greeting);
    enter(ClientState::idle);
    if (draining_) dismiss(ClientClose::drain);
}

void PostgresqlSession::granted(ServerConnection& server) {
    link(static_cast<PostgresqlServer&>(server));
    home_.loop().defer(*this);
}

void PostgresqlSession::refused(const pool::Refusal& refusal) {
    std::string holder;
    if (refusal.longest_holder != nullptr) {
        const LeakStatus held =
            static_cast<ServerConnection*>(refusal.longest_holder)->leak(home_.now());
        holder = fmt::format("client {} (application \"{}\"), {}, for {:.1f}s", held.client_address,
                             held.application_name, held.state, held.held_seconds);
    }
    UpstreamLink& upstream = home_.upstream(tenant_);
    refusal_ = answer(refusal, tenant_.pool->settings(), tenant_.match.tenant,
                      upstream.settings.name, upstream.last_error(), holder);
    home_.loop().defer(*this);
}

void PostgresqlSession::run() {
    if (finished_) return;
    if (phase_ == Phase::greeting) {
        if (refusal_) {
            farewell(*refusal_, ClientClose::login_failed, true);
            return;
        }
        const Parameters parameters = server().parameters();
        unlink();
        greet(parameters);
        if (finished_) return;
    }
    const std::string bytes = std::exchange(pending_, {});
    resume_client(client_paused_);
    process(bytes, nullptr);
    if (!finished_ && server_ == nullptr && !waiting()) enter(ClientState::idle);
}

void PostgresqlSession::link(PostgresqlServer& server) {
    server_ = &server;
    unnamed_on_server_ = false;
    half_sent_ = false;
    server.begin_use(*this);
    enter(ClientState::active);
}

void PostgresqlSession::unlink() {
    PostgresqlServer& released = server();
    server_ = nullptr;
    server_paused_ = false;
    retries_ = 0;
    quiet_ = false;
    resume_client(client_paused_);  // nobody else would wake it: the connection is another's now
    released.release();
}

PostgresqlServer& PostgresqlSession::server() const {
    return *static_cast<PostgresqlServer*>(server_);
}

bool PostgresqlSession::keeps_connection() const {
    const settings::PoolMode mode = tenant_.pool->settings().mode;
    return mode == settings::PoolMode::session || mode == settings::PoolMode::direct;
}

void PostgresqlSession::received(loop::Slice bytes) {
    tenant_.pool->probe().transferred(Side::client, Direction::in, bytes.size());
    tenant_.pool->tenant_probe().bytes_in.add(bytes.size());
    if (leaving_) return;
    if (!pending_.empty() || waiting() || phase_ == Phase::greeting || refusal_) {
        pending_.append(bytes.bytes());
        if (pending_.size() > loop::Stream::pause_mark) pause_client(client_paused_);
        // What was kept because a message was unfinished may be whole now.
        if (!waiting() && phase_ == Phase::open && !refusal_ && !output_full_) {
            const std::string all = std::exchange(pending_, {});
            process(all, nullptr);
            const bool flows = server_ == nullptr || server().unsent() <= loop::Stream::pause_mark;
            if (!finished_ && pending_.empty() && flows) resume_client(client_paused_);
        }
        return;
    }
    process(bytes.bytes(), &bytes);
}

void PostgresqlSession::reply(loop::Slice bytes) {
    tenant_.pool->probe().transferred(Side::client, Direction::out, bytes.size());
    tenant_.pool->tenant_probe().bytes_out.add(bytes.size());
    stream_->write(std::move(bytes));
    wrote();
}

void PostgresqlSession::reply(std::string_view bytes) {
    tenant_.pool->probe().transferred(Side::client, Direction::out, bytes.size());
    tenant_.pool->tenant_probe().bytes_out.add(bytes.size());
    stream_->write(bytes);
    wrote();
}

// A client that does not take its answers gets no further ones, from this connection or any other.
void PostgresqlSession::wrote() {
    if (stream_->unsent() <= loop::Stream::pause_mark) return;
    pause_client(output_full_);
    if (!server_paused_ && server_ != nullptr) {
        server_paused_ = true;
        server().pause(true);
    }
}

void PostgresqlSession::drained() {
    if (server_paused_) {
        server_paused_ = false;
        if (server_ != nullptr) server().pause(false);
    }
    if (!output_full_) return;
    resume_client(output_full_);
    if (!pending_.empty() && !waiting() && !refusal_) home_.loop().defer(*this);
}

void PostgresqlSession::pause_client(bool& reason) {
    if (!client_paused_ && !output_full_) stream_->pause_receive();
    reason = true;
}

void PostgresqlSession::resume_client(bool& reason) {
    if (!reason) return;
    reason = false;
    if (!client_paused_ && !output_full_) stream_->resume_receive();
}

void PostgresqlSession::server_drained() {
    if (!waiting()) resume_client(client_paused_);
}

void PostgresqlSession::end_of_input() { leave(ClientClose::client, leaving_); }

void PostgresqlSession::closed(int /*error*/) {
    stream_ = nullptr;
    leave(ClientClose::client, leaving_);
}

void PostgresqlSession::server_lost(std::string_view last_words) {
    server_ = nullptr;
    abandon_transaction();
    if (!last_words.empty()) {
        reply(last_words);
        leave(ClientClose::upstream_lost, true);
        return;
    }
    farewell(proxy::server_lost(tenant_.pool->settings().upstream, {}), ClientClose::upstream_lost,
             true);
}

void PostgresqlSession::retry(const std::string& request) {
    server_ = nullptr;
    if (++retries_ > retry_limit) {
        server_lost({});
        return;
    }
    // The request starts anew on another connection, as if it had just come.
    pending_ = request + std::string(scanner_.unfinished_header()) + pending_;
    scanner_ = pg::Scanner();
    in_transaction_ = false;
    requests_sent_ = requests_answered_;
    const std::string bytes = std::exchange(pending_, {});
    process(bytes, nullptr);
    if (!finished_ && server_ == nullptr && !waiting()) enter(ClientState::idle);
}

void PostgresqlSession::dismiss(ClientClose reason) {
    switch (reason) {
        case ClientClose::timeout:
            farewell({"57P05", "terminating connection due to client_idle_timeout", {}}, reason,
                     true);
            return;
        case ClientClose::drain:
            farewell(proxy::draining(), reason, false);
            return;
        default:
            farewell({"57P01", "terminating connection due to administrator command", {}}, reason,
                     false);
    }
}

void PostgresqlSession::drain() {
    draining_ = true;
    const bool between =
        phase_ == Phase::open && !waiting() && !refusal_ &&
        (server_ == nullptr || (server().tracker().settled() &&
                                server().tracker().status() == pg::TransactionStatus::idle));
    if (between) dismiss(ClientClose::drain);
}

void PostgresqlSession::reclaimed(ClientClose reason, const std::string& sqlstate,
                                  const std::string& message) {
    if (server_ != nullptr && server_->holder() != this) {  // given up already
        server_ = nullptr;
        abandon_transaction();
    }
    farewell({sqlstate, message, {}}, reason, false);
}

bool PostgresqlSession::secret_matches(std::string_view secret) const {
    static constexpr std::array<char, 4> none{};
    return secret_ != none && secret.size() == secret_.size() &&
           CRYPTO_memcmp(secret.data(), secret_.data(), secret_.size()) == 0;
}

void PostgresqlSession::cancel_requested() {
    if (server_ != nullptr) {
        server().request_cancel();
    } else if (waiting() && phase_ == Phase::open) {
        tenant_.pool->cancel(*this, home_.now());
        refusal_ = Answer{"57014", "canceling statement due to user request", {}};
        home_.loop().defer(*this);
    }
}

void PostgresqlSession::abandon_transaction() {
    if (!in_transaction_) return;
    in_transaction_ = false;
    tenant_.pool->probe().transaction_ended(telemetry::TransactionEnd::abandoned,
                                            home_.now() - transaction_started_);
}

void PostgresqlSession::copy_began() {
    if (leaving_) leave(ClientClose::client, true);
}

void PostgresqlSession::farewell(const Answer& why, ClientClose reason, bool orderly) {
    if (stream_ != nullptr) {
        reply(pg::error_response("FATAL", why.sqlstate, why.message, {}, why.hint));
    }
    leave(reason, orderly);
}

void PostgresqlSession::leave(ClientClose reason, bool orderly) {
    if (finished_) return;
    tenant_.pool->cancel(*this, home_.now());
    if (server_ != nullptr) {
        abandon_transaction();
        PostgresqlServer& left = server();
        server_ = nullptr;
        left.abandon(orderly, scanner_.between_messages(), keeps_connection() || effects_ != 0);
    }
    if (stream_ != nullptr) {
        stream_->close_after_flush();
        stream_ = nullptr;
    }
    finish(reason);
}

}  // namespace weir::proxy
