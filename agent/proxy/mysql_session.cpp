#include "proxy/mysql_session.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "proxy/holders.h"
#include "proxy/mysql_errors.h"
#include "proxy/mysql_server.h"
#include "proxy/pool_loop.h"
#include "upstream/mysql_capabilities.h"
#include "upstream/mysql_collation.h"
#include "wire/mysql/literals.h"
#include "wire/mysql/result_packets.h"

namespace weir::proxy {

namespace my = wire::mysql;
using telemetry::ClientClose;
using telemetry::ClientState;
using telemetry::Direction;
using telemetry::Side;

MysqlSession::MysqlSession(PoolLoop& home, Newcomer newcomer, TenantPool& tenant, std::uint32_t id)
    : Session(home, std::move(newcomer), tenant, id),
      settings_(tenant.sets.empty()),
      startup_(settings_),
      capabilities_(who_.mysql.capabilities),
      sends_attributes_((capabilities_ & my::capability::query_attributes) != 0),
      many_statements_((capabilities_ & my::capability::multi_statements) != 0) {
    trace_checkouts(my::without_literals);
}

MysqlSession::~MysqlSession() { forget_memory(); }

void MysqlSession::begin() {
    stream_ = &home_.loop().open(std::move(who_.connection), *this);
    const settings::Pool& settings = tenant_.pool->settings();
    Handshake handshake = settings.user.empty() ? Handshake{who_.user, who_.password, 0}
                                                : Handshake{tenant_.handshake(0).user, {}, 0};
    handshake.capabilities = capabilities_ & upstream::MysqlCapability::of_the_key;
    const auto compatible =
        owns_connection() ? tenant_.dedicated_key(handshake) : tenant_.key(handshake);
    if (!compatible) {
        farewell({"53300", "too many different clients in this pool at the same time", {}},
                 ClientClose::limit);
        return;
    }
    key = *compatible;
    has_key_ = true;
    startup_ = tenant_.sets.obtain(upstream::settings_of_collation(who_.mysql.collation));
    settings_ = who_.options.empty() ? startup_ : tenant_.sets.obtain(std::move(who_.options));
    memory_.insert_id = who_.mysql.last_insert_id;
    if (memory_.insert_id != 0) memory_.means.insert_id = next_statement();
    enter(ClientState::idle);
}

// -- its connection

MysqlSession::Verdict MysqlSession::obtain() {
    if (server_ != nullptr) return Verdict::done;
    if (trace_ != nullptr) trace_->asked(home_.now());
    const pool::Acquired acquired = tenant_.pool->acquire(*this, home_.now());
    switch (acquired.kind) {
        case pool::Acquired::Kind::ready:
            link(static_cast<ServerConnection&>(*acquired.server));
            return Verdict::done;
        case pool::Acquired::Kind::waiting:
            trace_queued();
            enter(ClientState::waiting);
            return Verdict::later;
        case pool::Acquired::Kind::refused:
            refused(acquired.refusal);
            home_.loop().cancel(*this);  // it is answered right here
            return Verdict::done;
    }
    return Verdict::later;
}

void MysqlSession::link(ServerConnection& connection) {
    server_ = &connection;
    trace_granted(connection);
    quiet_ = false;
    server().begin_use(*this);
    enter(ClientState::active);
}

void MysqlSession::granted(ServerConnection& connection) {
    link(connection);
    home_.loop().defer(*this);
}

void MysqlSession::refused(const pool::Refusal& refusal) {
    trace_refused(refusal);
    const UpstreamLink& upstream = home_.upstream(tenant_);
    refusal_ =
        answer(refusal, tenant_.pool->settings(), tenant_.match.tenant, upstream.settings.name,
               upstream.last_error(), longest_holder(refusal, home_, tenant_));
    if (refusal.outcome == pool::AcquireOutcome::error) {
        // The server's words about the pool's account, not about the client's.
        refusal_->sqlstate = "08006";
        refusal_->message.insert(0, "upstream refused the pool's connection: ");
    }
    home_.loop().defer(*this);
}

bool MysqlSession::ready_for_command() {
    if (!settings_agree()) {
        awaiting_ = true;
        return false;
    }
    server().allow_many_statements(many_statements_);
    return true;
}

MysqlServer& MysqlSession::let_go() {
    MysqlServer& released = server();
    if (trace_ != nullptr) trace_->released(released, home_.now());
    server_ = nullptr;
    if (std::exchange(server_paused_, false)) released.pause(false);
    retries_ = 0;
    quiet_ = replying_ = settling_ = awaiting_ = false;
    awaited_.reset();
    resume_client(server_full_);  // nobody else would wake it: the connection is another's now
    return released;
}

void MysqlSession::give_back() {
    let_go().release();
    enter(ClientState::idle);
}

MysqlServer& MysqlSession::server() const { return *static_cast<MysqlServer*>(server_); }

bool MysqlSession::keeps_connection() const {
    return owns_connection() || tenant_.pool->settings().mode == settings::PoolMode::session;
}

bool MysqlSession::owns_connection() const {
    return tenant_.pool->settings().mode == settings::PoolMode::direct;
}

void MysqlSession::keep_quiet(bool in_transaction) {
    quiet_ = true;
    tenant_.pool->quiet(*server_, in_transaction, home_.now());
}

void MysqlSession::abandon_transaction() {
    if (!std::exchange(in_transaction_, false)) return;
    tenant_.pool->probe().transaction_ended(telemetry::TransactionEnd::abandoned,
                                            home_.now() - transaction_started_);
}

// -- what it says

void MysqlSession::reply(loop::Slice bytes) {
    tenant_.pool->probe().transferred(Side::client, Direction::out, bytes.size());
    tenant_.pool->tenant_probe().sent(bytes.size());
    answered_ = true;
    stream_->write(std::move(bytes));
    wrote();
}

void MysqlSession::reply(std::string_view bytes) {
    tenant_.pool->probe().transferred(Side::client, Direction::out, bytes.size());
    tenant_.pool->tenant_probe().sent(bytes.size());
    answered_ = true;
    stream_->write(bytes);
    wrote();
}

void MysqlSession::say_ok() {
    built_.clear();
    auto sequence = static_cast<std::uint8_t>(turn_.sequence + 1U);
    my::append_ok(built_, sequence, {0, 0, status_, 0, {}, {}}, capabilities_);
    reply(std::string_view(built_));
}

void MysqlSession::say_error(std::uint16_t number, std::string_view sqlstate,
                             std::string_view message) {
    built_.clear();
    auto sequence = static_cast<std::uint8_t>(turn_.sequence + 1U);
    my::append_error(built_, sequence, {number, sqlstate, message});
    reply(std::string_view(built_));
}

void MysqlSession::say_error(const Answer& why) {
    built_.clear();
    auto sequence = static_cast<std::uint8_t>(turn_.sequence + 1U);
    append_mysql_error(built_, sequence, why);
    reply(std::string_view(built_));
}

void MysqlSession::say_value(std::string_view column, std::string value, bool is_unsigned) {
    built_.clear();
    auto sequence = static_cast<std::uint8_t>(turn_.sequence + 1U);
    my::append_text_result(built_, sequence, {{column, my::ColumnType::long_long, is_unsigned}},
                           {std::move(value)}, {0, status_}, capabilities_);
    reply(std::string_view(built_));
}

// A client that does not take its answers gets no further ones.
void MysqlSession::wrote() {
    if (stream_->unsent() <= loop::Stream::pause_mark) return;
    pause_client(output_full_);
    if (!server_paused_ && server_ != nullptr) {
        server_paused_ = true;
        server().pause(true);
    }
}

void MysqlSession::drained() {
    if (std::exchange(server_paused_, false) && server_ != nullptr) server().pause(false);
    if (!output_full_) return;
    resume_client(output_full_);
    home_.loop().defer(*this);
}

void MysqlSession::server_drained() {
    if (!server_full_) return;
    resume_client(server_full_);
    home_.loop().defer(*this);
}

void MysqlSession::pause_client(bool& reason) {
    if (!server_full_ && !backlog_full_ && !output_full_) stream_->pause_receive();
    reason = true;
}

void MysqlSession::resume_client(bool& reason) {
    if (!reason) return;
    reason = false;
    if (!server_full_ && !backlog_full_ && !output_full_ && stream_ != nullptr) {
        stream_->resume_receive();
    }
}

}  // namespace weir::proxy
