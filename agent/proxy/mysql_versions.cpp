#include "proxy/mysql_versions.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "settings/credential.h"

namespace weir::proxy {
namespace {

constexpr base::Duration between_questions = std::chrono::seconds(1);

bool is_mysql(const UpstreamLink& link) {
    return link.served && link.settings.engine == settings::Engine::mysql;
}

// Until the server has closed its side, the connection counts among its own. On the dial thread,
// for which this is a moment: nothing was ever asked on it.
void end(const upstream::Established& established) {
    constexpr int patience = 500;
    const int fd = established.connection->fd();
    static_cast<void>(::shutdown(fd, SHUT_WR));
    pollfd ended{fd, POLLIN, 0};
    static_cast<void>(::poll(&ended, 1, patience));
}

}  // namespace

std::string MysqlVersions::greeting() const {
    // MariaDB puts it before its version, and its drivers know it from MySQL by that.
    constexpr std::string_view mariadb_mark = "5.5.5-";
    for (const auto& link : shared_.upstreams) {
        const std::string version = is_mysql(*link) ? link->server_version() : std::string();
        if (version.empty()) continue;
        const bool is_mariadb = version.find("MariaDB") != std::string::npos;
        return is_mariadb ? std::string(mariadb_mark) + version : version;
    }
    return std::string(usual);
}

void MysqlVersions::learn(base::Instant now) {
    if (now < next_) return;
    next_ = now + between_questions;
    for (const auto& link : shared_.upstreams) {
        if (is_mysql(*link) && link->server_version().empty()) ask(link, now);
    }
}

std::optional<MysqlVersions::Asked> MysqlVersions::account_of(
    const settings::Upstream& upstream) const {
    for (const settings::Pool& pool : shared_.settings->pool) {
        if (pool.upstream != upstream.name || pool.password.per_tenant()) continue;
        if (pool.user.find('{') != std::string::npos) continue;
        if (!pool.user.empty()) return Asked{pool.user, pool.password};
        for (const settings::User& user : shared_.settings->user) {
            const bool allowed =
                Accounts::permission(user, pool.name, {}) != Accounts::Permission::pool_denied;
            if (allowed && settings::has_password(user)) return Asked{user.name, user.password};
        }
    }
    return std::nullopt;
}

void MysqlVersions::ask(const std::shared_ptr<UpstreamLink>& link, base::Instant now) {
    auto account = account_of(link->settings);
    if (!account) return;
    auto token = link->gate.budget.borrow_side(now);
    if (!token) return;
    upstream::DialRequest request;
    request.user = std::move(account->user);
    request.password = std::move(account->password);
    request.application_name = "weir";
    link->dialer->dial(std::move(request),
                       [link = std::weak_ptr(link),
                        held = std::make_shared<pool::Budget::SideToken>(std::move(*token))](
                           const upstream::DialResult& result) {
                           const auto known = link.lock();
                           if (!result || known == nullptr) return;
                           known->greeted(result->mysql.version);
                           end(*result);
                       });
}

}  // namespace weir::proxy
