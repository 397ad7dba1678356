#include "proxy/postgresql_session.h"

#include <openssl/crypto.h>
#include <sys/random.h>

#include <algorithm>
#include <cassert>

#include "proxy/holders.h"
#include "proxy/pool_loop.h"
#include "proxy/postgresql_server.h"
#include "wire/postgresql/literals.h"
#include "wire/postgresql/messages.h"
#include "wire/postgresql/settings_messages.h"

namespace weir::proxy {

namespace pg = wire::postgresql;
using telemetry::ClientClose;
using telemetry::ClientState;
using telemetry::Direction;
using telemetry::Side;

PostgresqlSession::PostgresqlSession(PoolLoop& home, Newcomer newcomer, TenantPool& tenant,
                                     std::uint32_t id)
    : Session(home, std::move(newcomer), tenant, id),
      settings_(tenant.sets.empty()),
      startup_(settings_),
      known_(settings_) {
    // Without random numbers no cancel will match: secret_matches() refuses an empty secret.
    secret_.resize(who_.protocol_minor >= 2 ? long_secret_size : short_secret_size);
    if (getrandom(secret_.data(), secret_.size(), 0) != static_cast<ssize_t>(secret_.size())) {
        secret_.clear();
    }
    trace_checkouts(pg::without_literals);
}

void PostgresqlSession::begin() {
    stream_ = &home_.loop().open(std::move(who_.connection), *this);
    Handshake handshake;
    const settings::Pool& settings = tenant_.pool->settings();
    shares_statements_ = !keeps_connection() && settings.prepared_statements > 0;
    rejects_state_ =
        !keeps_connection() && settings.session_state == settings::SessionState::reject;
    caches_unnamed_ =
        shares_statements_ && settings.unnamed_statements == settings::UnnamedStatements::cache;
    if (settings.user.empty()) {
        handshake.user = who_.user;
        handshake.password = who_.password;
    } else {
        handshake.user = tenant_.handshake(0).user;
    }
    // A role would outlast what RESET ALL takes back: its client has its connection to itself.
    for (const auto& [name, value] : who_.options) {
        const std::string lower = lower_case(name);
        who_.dedicated = who_.dedicated || lower == "role" || lower == "session_authorization";
    }
    const auto compatible =
        who_.dedicated ? tenant_.dedicated_key(handshake) : tenant_.key(handshake);
    if (!compatible) {
        farewell(protocol_violation("too many different accounts in this pool at the same time"),
                 ClientClose::limit, true);
        return;
    }
    key = *compatible;
    has_key_ = true;
    for (const auto& [name, value] : who_.options) {
        if (pg::is_setting_name(name)) continue;
        farewell({"42704", "unrecognized configuration parameter \"" + name + '"', {}},
                 ClientClose::login_failed, true);
        return;
    }
    if (!who_.application_name.empty()) {
        who_.options.emplace_back("application_name", who_.application_name);
    }
    startup_ = settings_ = tenant_.sets.obtain(std::move(who_.options));
    const ParameterSetRef reported = owns_connection() ? nullptr : known_greeting();
    if (reported != nullptr) {
        greet(reported);
    } else {
        acquire_for_greeting();
    }
}

// What most clients bring is a name alone, of which is known what the server makes of it.
ParameterSetRef PostgresqlSession::known_greeting() const {
    const auto is_plain = [](char c) { return c >= ' ' && c <= '~'; };
    const std::string& name = who_.application_name;
    const bool name_alone = settings_->values.size() == 1 && !name.empty() && name.size() < 64 &&
                            settings_->find("application_name") != nullptr;
    if (!name_alone || !std::all_of(name.begin(), name.end(), is_plain)) {
        return tenant_.greeting(key, settings_);
    }
    const ParameterSetRef own = tenant_.greeting(key, tenant_.sets.empty());
    return own == nullptr ? nullptr : tenant_.sets.with(*own, "application_name", name);
}

// What the client is greeted with only a connection with its settings knows.
void PostgresqlSession::acquire_for_greeting() {
    if (trace_ != nullptr && owns_connection()) trace_->asked(home_.now());
    const pool::Acquired acquired = tenant_.pool->acquire(*this, home_.now());
    switch (acquired.kind) {
        case pool::Acquired::Kind::ready:
            granted(static_cast<ServerConnection&>(*acquired.server));
            return;
        case pool::Acquired::Kind::waiting:
            trace_queued();
            return;
        case pool::Acquired::Kind::refused:
            refused(acquired.refusal);
            return;
    }
}

void PostgresqlSession::greet(const ParameterSetRef& reported) {
    phase_ = Phase::open;
    known_ = reported;
    std::string greeting;
    for (const auto& [name, value] : reported->values) {
        greeting += pg::parameter_status(pg::reported_name(name), value);
    }
    greeting += pg::backend_key_data(home_.process_id_of(*this), secret_);
    greeting += pg::ready_for_query(pg::TransactionStatus::idle);
    reply(greeting);
    enter(ClientState::idle);
    if (draining_) dismiss(ClientClose::drain);
}

void PostgresqlSession::granted(ServerConnection& server) {
    link(static_cast<PostgresqlServer&>(server));
    if (settings_agree()) home_.loop().defer(*this);
}

void PostgresqlSession::refused(const pool::Refusal& refusal) {
    trace_refused(refusal);
    UpstreamLink& upstream = home_.upstream(tenant_);
    refusal_ =
        answer(refusal, tenant_.pool->settings(), tenant_.match.tenant, upstream.settings.name,
               upstream.last_error(), longest_holder(refusal, home_, tenant_));
    home_.loop().defer(*this);
}

void PostgresqlSession::run() {
    if (finished_ || ((waiting() || synchronizing_) && !refusal_)) return;
    if (phase_ == Phase::greeting) {
        if (refusal_) {
            farewell(*refusal_, ClientClose::login_failed, true);
            return;
        }
        const ParameterSetRef reported = server().reported();
        if (!server().condemned()) tenant_.remember_greeting(key, settings_, reported);
        if (owns_connection()) {
            keep_quiet(false);
        } else {
            unlink();
        }
        greet(reported);
        if (finished_) return;
    }
    const std::string bytes = std::exchange(pending_, {});
    resume_client(client_paused_);
    process(bytes, nullptr);
    if (!finished_ && server_ == nullptr && !waiting()) enter(ClientState::idle);
}

void PostgresqlSession::link(PostgresqlServer& server) {
    server_ = &server;
    trace_granted(server);
    unnamed_.linked();
    half_sent_ = false;
    former_names_.clear();
    clears_all_ = false;  // a request that is sent again begins anew
    awaits_names_ = false;
    reported_names_.clear();
    server.begin_use(*this);
    enter(ClientState::active);
}

void PostgresqlSession::unlink() { let_go().release(); }

PostgresqlServer& PostgresqlSession::let_go() {
    PostgresqlServer& released = server();
    if (trace_ != nullptr) trace_->released(released, home_.now());
    server_ = nullptr;
    server_paused_ = false;
    retries_ = 0;
    quiet_ = false;
    resume_client(client_paused_);  // nobody else would wake it: the connection is another's now
    return released;
}

PostgresqlServer& PostgresqlSession::server() const {
    return *static_cast<PostgresqlServer*>(server_);
}

bool PostgresqlSession::keeps_connection() const {
    const settings::PoolMode mode = tenant_.pool->settings().mode;
    return mode == settings::PoolMode::session || owns_connection();
}

bool PostgresqlSession::owns_connection() const {
    return who_.dedicated || tenant_.pool->settings().mode == settings::PoolMode::direct;
}

void PostgresqlSession::received(loop::Slice bytes) {
    tenant_.pool->probe().transferred(Side::client, Direction::in, bytes.size());
    tenant_.pool->tenant_probe().received(bytes.size());
    if (leaving_) return;
    if (!pending_.empty() || blocked() || phase_ == Phase::greeting) {
        pending_.append(bytes.bytes());
        if (pending_.size() > loop::Stream::pause_mark) pause_client(client_paused_);
        // What was kept because a message was unfinished may be whole now.
        if (!blocked() && phase_ == Phase::open && !output_full_) {
            const std::string all = std::exchange(pending_, {});
            process(all, nullptr);
            const bool flows = server_ == nullptr || server().unsent() <= loop::Stream::pause_mark;
            const bool goes_on = !blocked() && !awaits_names_ && flows;
            if (!finished_ && goes_on) resume_client(client_paused_);
        }
        return;
    }
    process(bytes.bytes(), &bytes);
}

void PostgresqlSession::reply(loop::Slice bytes) {
    tenant_.pool->probe().transferred(Side::client, Direction::out, bytes.size());
    tenant_.pool->tenant_probe().sent(bytes.size());
    stream_->write(std::move(bytes));
    wrote();
}

void PostgresqlSession::reply(std::string_view bytes) {
    tenant_.pool->probe().transferred(Side::client, Direction::out, bytes.size());
    tenant_.pool->tenant_probe().sent(bytes.size());
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
    if (!pending_.empty() && !blocked()) home_.loop().defer(*this);
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
    if (!blocked()) resume_client(client_paused_);
}

void PostgresqlSession::end_of_input() { leave(ClientClose::client, leaving_); }

void PostgresqlSession::closed(int /*error*/) {
    stream_ = nullptr;
    leave(ClientClose::client, leaving_);
}

void PostgresqlSession::server_lost(std::string_view last_words) {
    server_ = nullptr;
    trace_ended(nullptr, "server_lost");
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
    synchronizing_ = false;
    traced_.open = follows_request_ = false;
    if (trace_ != nullptr) trace_->nothing_outstanding();
    if (phase_ == Phase::greeting) {
        acquire_for_greeting();
        return;
    }
    // The request starts anew on another connection, as if it had just come.
    pending_ = request + std::string(scanner_.unfinished_header()) + pending_;
    scanner_ = pg::Scanner();
    in_transaction_ = false;
    requests_sent_ = requests_answered_;
    const std::string bytes = std::exchange(pending_, {});
    resume_client(client_paused_);
    process(bytes, nullptr);
    if (!finished_ && server_ == nullptr && !waiting()) enter(ClientState::idle);
}

bool PostgresqlSession::secret_matches(std::string_view secret) const {
    return !secret_.empty() && secret.size() == secret_.size() &&
           CRYPTO_memcmp(secret.data(), secret_.data(), secret_.size()) == 0;
}

void PostgresqlSession::cancel_requested() {
    if (server_ != nullptr) {
        // What runs may be ours alone.
        if (!synchronizing_ && asked_names_.empty()) server().request_cancel();
    } else if (waiting() && phase_ == Phase::open) {
        tenant_.pool->cancel(*this, home_.now());
        trace_ended(nullptr, "cancelled");
        refusal_ = Answer{"57014", "canceling statement due to user request", {}};
        home_.loop().defer(*this);
    }
}

}  // namespace weir::proxy
