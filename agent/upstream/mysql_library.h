// MariaDB Connector/C, and the one place that does with it what its interface has no option for:
// which of the server's capabilities it takes up, and what it must not send to whom. A test fails
// when an update of the library breaks that, and a connection that came out otherwise than asked
// for is refused. Any thread; what stands on a thread is that thread's own.
#pragma once

#include <mysql.h>

#include <cstdint>
#include <memory>
#include <string>

#include "upstream/mysql_greeting.h"

namespace weir::upstream {

struct CloseMysql {
    // Never blocks, and adds no byte to what was relayed.
    void operator()(MYSQL* handle) const;
};
using MysqlHandle = std::unique_ptr<MYSQL, CloseMysql>;

// A new handle; the library is initialised before the first one, whatever thread asks. Nothing
// comes from the environment.
[[nodiscard]] MysqlHandle make_mysql_handle();

// The library's own memory of a thread; every thread that calls it has one on its stack.
class MysqlThread {
  public:
    MysqlThread();
    ~MysqlThread();
    MysqlThread(const MysqlThread&) = delete;
    MysqlThread& operator=(const MysqlThread&) = delete;
};

// What is done to one connection while the library makes it.
struct MysqlSteering {
    MysqlGreeting greeting;
    bool needs_tls = false;   // to a server that offers none nothing is sent at all
    bool lacked_tls = false;  // that was the case
    std::string
        verified_name;  // the name that the server's certificate is to have; empty: as dialed
};

// While it lives, what the library reads on this thread is a connection's with this steering.
class SteeredMysql {
  public:
    explicit SteeredMysql(MysqlSteering& steering);
    ~SteeredMysql();
    SteeredMysql(const SteeredMysql&) = delete;
    SteeredMysql& operator=(const SteeredMysql&) = delete;
};

}  // namespace weir::upstream
