// `weir test` through libmysqlclient.
#include <errmsg.h>
#include <fmt/format.h>
#include <mysql.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <string>

#include "cli/test_connection.h"

namespace weir::cli {
namespace {

using base::Clock;

struct Close {
    void operator()(MYSQL* handle) const { mysql_close(handle); }
};
using Handle = std::unique_ptr<MYSQL, Close>;

base::Result<void> said(MYSQL* handle) {
    return base::error(fmt::format("{} ({})", mysql_error(handle), mysql_errno(handle)));
}

class MysqlConnection final : public TestConnection {
  public:
    explicit MysqlConnection(Handle handle) : handle_(std::move(handle)) {}

    base::Result<void> transaction(base::Instant /*end*/) override {
        if (mysql_query(handle_.get(), "SELECT 1") != 0) return failed();
        MYSQL_RES* const rows = mysql_store_result(handle_.get());
        if (rows == nullptr) return failed();
        mysql_free_result(rows);
        return {};
    }
    [[nodiscard]] bool usable() const override { return !lost_; }

  private:
    base::Result<void> failed() {
        // What the library itself says, unlike a server's error, ends the connection.
        lost_ = mysql_errno(handle_.get()) >= CR_MIN_ERROR;
        return said(handle_.get());
    }

    Handle handle_;
    bool lost_ = false;
};

}  // namespace

Connected connect_mysql(const TestTarget& target, base::Instant end) {
    static std::once_flag once;
    std::call_once(once, [] { mysql_library_init(0, nullptr, nullptr); });
    Handle handle(mysql_init(nullptr));
    if (handle == nullptr) return base::error("no memory for a connection");
    const auto left = std::chrono::ceil<std::chrono::seconds>(end - Clock::now()).count();
    const auto limit = static_cast<unsigned>(test_connect_limit.count());
    const auto answer_limit = static_cast<unsigned>(std::max<std::int64_t>(left, 1));
    const my_bool yes = 1;
    const unsigned no = 0;
    const std::string host = target.value("host");
    const std::string port = target.value("port");
    const std::string database = target.value("dbname");
    const bool local = host.starts_with('/');
    const unsigned protocol = local ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
    MYSQL* const h = handle.get();
    mysql_options(h, MYSQL_OPT_CONNECT_TIMEOUT, &limit);
    mysql_options(h, MYSQL_OPT_READ_TIMEOUT, &answer_limit);
    mysql_options(h, MYSQL_OPT_PROTOCOL, &protocol);
    mysql_options(h, MYSQL_OPT_LOCAL_INFILE, &no);
    mysql_options(h, MYSQL_OPT_SSL_ENFORCE, &yes);  // to this library: where the listener offers it
    unsigned number = 0;
    std::from_chars(port.data(), port.data() + port.size(), number);
    if (mysql_real_connect(h, local ? nullptr : host.c_str(), target.value("user").c_str(),
                           target.value("password").c_str(),
                           database.empty() ? nullptr : database.c_str(), number,
                           local ? host.c_str() : nullptr, 0) == nullptr) {
        return tl::make_unexpected(said(h).error());
    }
    return std::make_unique<MysqlConnection>(std::move(handle));
}

}  // namespace weir::cli
