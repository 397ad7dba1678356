// COM_CHANGE_USER: the same user proves itself again, and its session begins anew, perhaps with
// another database. Another account is another login, with limits and rights of its own: it is
// refused. Source: MySQL documentation, "COM_CHANGE_USER", "Authentication Switch Request".
#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <utility>

#include "proxy/mysql_errors.h"
#include "proxy/mysql_server.h"
#include "proxy/mysql_session.h"
#include "proxy/pool_loop.h"
#include "settings/credential.h"
#include "upstream/mysql_collation.h"
#include "wire/mysql/authentication.h"
#include "wire/mysql/handshake.h"

namespace weir::proxy {

namespace my = wire::mysql;
using telemetry::ClientClose;

namespace {

// Bytes 1 to 127: some clients take the scramble for text.
bool make_scramble(std::array<char, my::scramble_size>& scramble) {
    if (getrandom(scramble.data(), scramble.size(), 0) != static_cast<ssize_t>(scramble.size())) {
        return false;
    }
    for (char& byte : scramble)
        byte = static_cast<char>(static_cast<unsigned char>(byte) % 127 + 1);
    return true;
}

}  // namespace

void MysqlSession::change_user(std::string_view packet) {
    const auto request = my::read_change_user(packet.substr(my::packet_header_size), capabilities_);
    if (!request) {
        farewell(protocol_violation(request.error().message), ClientClose::protocol_error);
        return;
    }
    const bool provable = who_.account == nullptr || settings::has_password(*who_.account->user);
    if (request->user != who_.user || !provable) {
        say_error({"0A000", "changing to another user is not possible through a connection pool",
                   "Log in again."});
        return;
    }
    change_ = Change{std::string(request->database),
                     request->plugin == my::caching_sha2_password,
                     request->character_set,
                     {}};
    if (who_.account == nullptr) {
        user_changed();
        return;
    }
    if (!make_scramble(change_->scramble)) {
        farewell({"58000", "no random numbers for authentication", {}}, ClientClose::limit);
        return;
    }
    built_.clear();
    auto sequence = static_cast<std::uint8_t>(turn_.sequence + 1U);
    my::append_auth_switch(built_, sequence,
                           change_->by_sha2 ? my::caching_sha2_password : my::native_password,
                           {change_->scramble.data(), change_->scramble.size()});
    reply(std::string_view(built_));
    flow_ = Flow::proof;
}

// The client's answer to the scramble; gives how much of `bytes` was taken.
std::size_t MysqlSession::take_proof(std::string_view bytes) {
    constexpr std::size_t longest = 256;
    if (bytes.size() < my::packet_header_size) return 0;
    const std::size_t size = my::packet_header_size + packet_length(bytes);
    if (size > longest || bytes[3] != 2) {
        farewell(protocol_violation("packets out of order"), ClientClose::protocol_error);
        return bytes.size();
    }
    if (bytes.size() < size) return 0;
    flow_ = Flow::commands;
    turn_.sequence = 2;
    const std::string_view response = bytes.substr(my::packet_header_size, packet_length(bytes));
    const std::string_view password = who_.account->user->password.reveal();
    const std::string_view scramble(change_->scramble.data(), change_->scramble.size());
    const bool proven = change_->by_sha2
                            ? my::caching_sha2_matches(password, scramble, response)
                            : my::native_password_matches(password, scramble, response);
    if (!proven || password.empty()) {
        // As a server does, who is not who it was goes.
        farewell({"28P01", fmt::format("Access denied for user '{}'", who_.user), {}},
                 ClientClose::login_failed);
        return size;
    }
    if (change_->by_sha2) {
        built_.clear();
        auto sequence = static_cast<std::uint8_t>(turn_.sequence + 1U);
        my::append_fast_auth_ok(built_, sequence);
        reply(std::string_view(built_));
        ++turn_.sequence;
    }
    user_changed();
    return size;
}

void MysqlSession::user_changed() {
    const Change change = *std::exchange(change_, std::nullopt);
    if (change.collation != 0) {
        startup_ = tenant_.sets.obtain(upstream::settings_of_collation(change.collation));
    }
    begin_anew();
    if (change.database.empty() || change.database == who_.database) {
        say_ok();
        return;
    }
    Shared& shared = home_.shared();
    auto route = shared.routes.find(settings::Engine::mysql, change.database);
    if (!route || !may_enter(*route, change.database)) {
        if (!route) {
            say_error(1049, "42000", fmt::format("Unknown database '{}'", change.database));
        }
        leave(ClientClose::login_failed);
        return;
    }
    say_ok();
    if (route->key() == tenant_.directory_key) return;
    destination_ = std::move(*route);
    destination_database_ = change.database;
    moving_ = true;
}

}  // namespace weir::proxy
