// A real MariaDB for the tests of this room: made in a temporary folder when it is first asked for,
// as user mysql when the tests run as root, on a free port of loopback; it dies with the program.
#pragma once

#include <string>

#include "settings/settings.h"
#include "upstream/dialer.h"

namespace weir::upstream::testing {

class MysqlServer {
  public:
    static constexpr unsigned max_connections = 12;
    static MysqlServer& instance();
    ~MysqlServer();
    MysqlServer(const MysqlServer&) = delete;
    MysqlServer& operator=(const MysqlServer&) = delete;

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string socket() const { return folder_ + "/sock"; }
    [[nodiscard]] settings::Upstream upstream() const;  // over TCP
    // The account "app" may log in by password, to the database "shop" and to none.
    [[nodiscard]] static DialRequest request();

  private:
    MysqlServer();
    std::string folder_;
    int port_ = 0;
    int pid_ = 0;
};

// The packets' payloads that a command is answered with, up to the last one.
[[nodiscard]] std::vector<std::string> ask_mysql(const Established& established,
                                                 const std::string& sql);

}  // namespace weir::upstream::testing
