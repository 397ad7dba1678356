// A real PostgreSQL for the tests of this room: made in a temporary folder when it is first asked
// for, as user postgres when the tests run as root, on a free port of loopback; it dies with the
// program.
#pragma once

#include <string>

#include "settings/settings.h"
#include "upstream/dialer.h"

namespace weir::upstream::testing {

class PostgresqlServer {
  public:
    static constexpr unsigned max_connections = 30;
    static PostgresqlServer& instance();
    ~PostgresqlServer();
    PostgresqlServer(const PostgresqlServer&) = delete;
    PostgresqlServer& operator=(const PostgresqlServer&) = delete;

    [[nodiscard]] const std::string& folder() const { return folder_; }  // of its unix socket, too
    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] settings::Upstream upstream() const;  // over TCP
    // The account "app" may log in by password; it is no superuser.
    [[nodiscard]] static DialRequest request();

  private:
    PostgresqlServer();
    std::string folder_;
    int port_ = 0;
    int pid_ = 0;
};

// Dials and waits for the answer.
[[nodiscard]] DialResult dial_and_wait(Dialer& dialer, DialRequest request);

// The first column of the last row that `sql` gives on an established connection, or the SQLSTATE
// of its error.
[[nodiscard]] std::string ask(const Established& established, const std::string& sql);
void send_query(const Established& established, const std::string& sql);
[[nodiscard]] std::string read_answer(const Established& established);

}  // namespace weir::upstream::testing
