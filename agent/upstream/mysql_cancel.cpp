#include "upstream/mysql_cancel.h"

#include <mysqld_error.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include "upstream/mysql_library.h"
#include "upstream/mysql_options.h"

namespace weir::upstream {
namespace {

// Until the server has closed its side, the connection counts among its own.
void wait_for_the_end(MYSQL* handle) {
    constexpr int patience = static_cast<int>(MysqlCancel::patience_seconds) * 1000;
    const int fd = static_cast<int>(mysql_get_socket(handle));
    static_cast<void>(::shutdown(fd, SHUT_WR));
    std::array<char, 256> ignored{};
    for (;;) {
        pollfd waiting{fd, POLLIN, 0};
        if (::poll(&waiting, 1, patience) <= 0) return;
        if (::recv(fd, ignored.data(), ignored.size(), MSG_DONTWAIT) <= 0) return;
    }
}

}  // namespace

MysqlCancel::MysqlCancel(Endpoint endpoint, settings::UpstreamTls tls, const DialRequest& request,
                         std::uint32_t thread_id)
    : endpoint_(std::move(endpoint)), tls_(std::move(tls)), thread_id_(thread_id) {
    account_.user = request.user;
    account_.password = request.password;
    account_.application_name = request.application_name;
}

bool MysqlCancel::say(std::string_view verb) const {
    const MysqlThread here;
    const MysqlHandle handle = make_mysql_handle();
    if (handle == nullptr) return false;
    unsigned patience = patience_seconds;
    for (const auto option :
         {MYSQL_OPT_CONNECT_TIMEOUT, MYSQL_OPT_READ_TIMEOUT, MYSQL_OPT_WRITE_TIMEOUT}) {
        mysql_optionsv(handle.get(), option, &patience);
    }
    MysqlSteering steering = prepare_mysql(handle.get(), endpoint_, tls_, account_,
                                           std::chrono::seconds(patience_seconds));
    const SteeredMysql steered(steering);
    const MysqlTarget target = mysql_target(endpoint_);
    if (mysql_real_connect(handle.get(), target.host.c_str(), account_.user.c_str(),
                           account_.password.reveal().data(), nullptr, target.port,
                           target.unix_socket(), mysql_connect_flags(account_)) == nullptr) {
        return false;
    }
    const std::string statement = std::string(verb) + std::to_string(thread_id_);
    const bool failed = mysql_real_query(handle.get(), statement.data(), statement.size()) != 0;
    // One that is gone already needs no killing.
    const bool done = !failed || mysql_errno(handle.get()) == ER_NO_SUCH_THREAD;
    wait_for_the_end(handle.get());
    return done;
}

}  // namespace weir::upstream
