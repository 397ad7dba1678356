// USE and COM_INIT_DB: another database is another pool, to whose home the client goes with what it
// has set, as soon as nothing of it is left on a connection of this one. COM_CHANGE_USER takes it
// to the lobby instead, and nothing with it.
#include <fmt/format.h>

#include <utility>

#include "proxy/moving.h"
#include "proxy/mysql_server.h"
#include "proxy/mysql_session.h"
#include "proxy/pool_loop.h"
#include "settings/credential.h"

namespace weir::proxy {

namespace my = wire::mysql;

MysqlSession::Verdict MysqlSession::use_database(std::string_view name, std::string_view packet,
                                                 const loop::Slice* slice) {
    Shared& shared = home_.shared();
    auto route = shared.routes.find(settings::Engine::mysql, name);
    if (!route) {
        say_error(1049, "42000", fmt::format("Unknown database '{}'", name));
        return Verdict::done;
    }
    if (!may_enter(*route, name)) return Verdict::done;
    if (route->key() == tenant_.directory_key) {
        // Its server knows whether the database still is there.
        if (tenant_.database == name) return pass(packet, slice, true);
        say_ok();
        return Verdict::done;
    }
    if (server_ != nullptr || !prepared_.empty()) {
        say_error(1192, "HY000",
                  fmt::format("Can't change to database '{}', which another pool serves, in a "
                              "transaction, with prepared statements or with {}",
                              name, "state that keeps a server connection"));
        return Verdict::done;
    }
    if (!has(Memory::insert_id)) return Verdict::later;
    say_ok();
    destination_ = std::move(*route);
    destination_database_ = name;
    moving_ = true;
    return Verdict::done;
}

bool MysqlSession::may_enter(const Route& route, std::string_view database) {
    if (who_.account == nullptr) return true;
    const settings::Pool& pool = *home_.shared().templates[route.template_index];
    const settings::User& user = *who_.account->user;
    if (Accounts::permission(user, pool.name, route.match.tenant) !=
        Accounts::Permission::granted) {
        say_error(1044, "42000",
                  fmt::format("Access denied for user '{}' to database '{}'", user.name, database));
        return false;
    }
    if (pool.user.empty() && !settings::has_password(user)) {
        say_error(password_unknown(user.name, pool.name));
        return false;
    }
    return true;
}

void MysqlSession::move() {
    Shared& shared = home_.shared();
    forget_memory();
    Newcomer newcomer = std::move(who_);
    newcomer.options = settings_->values;
    newcomer.mysql.last_insert_id = memory_.insert_id;
    if (many_statements_) {
        newcomer.mysql.capabilities |= my::capability::multi_statements;
    } else {
        newcomer.mysql.capabilities &= ~my::capability::multi_statements;
    }
    newcomer.password = {};
    if (destination_) {
        const settings::Pool& pool = *shared.templates[destination_->template_index];
        newcomer.route = std::move(*destination_);
        newcomer.database = destination_database_;
        if (pool.user.empty() && newcomer.account != nullptr) {
            newcomer.password = newcomer.account->user->password;
        }
    }
    stream_->detach(std::make_unique<Moving>(destination_ ? shared.readmit : shared.log_in_again,
                                             std::move(newcomer), std::exchange(pending_, {})));
    stream_ = nullptr;
    depart();
}

}  // namespace weir::proxy
