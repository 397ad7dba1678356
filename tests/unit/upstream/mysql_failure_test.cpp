#include "upstream/mysql_failure.h"

#include <gtest/gtest.h>

namespace weir::upstream {
namespace {

using telemetry::CreateFailure;

struct Case {
    unsigned number;
    const char* text;
    CreateFailure reason;
};

TEST(MysqlFailure, number_tells_the_reason) {
    for (const Case& each :
         {Case{1040, "Too many connections", CreateFailure::too_many},
          Case{1203, "User app already has more than 'max_user_connections' active connections",
               CreateFailure::too_many},
          Case{1226, "User 'app' has exceeded the 'max_user_connections' resource",
               CreateFailure::too_many},
          Case{1226, "User 'app' has exceeded the 'max_connections_per_hour' resource",
               CreateFailure::auth},
          Case{1045, "Access denied for user 'app'", CreateFailure::auth},
          Case{1044, "Access denied for user 'app' to database 'shop'", CreateFailure::auth},
          Case{1698, "Access denied for user 'root'", CreateFailure::auth},
          Case{1130, "Host '10.0.0.1' is not allowed to connect", CreateFailure::auth},
          Case{1049, "Unknown database 'shop'", CreateFailure::database},
          Case{3159, "Connections using insecure transport are prohibited", CreateFailure::tls},
          Case{1053, "Server shutdown in progress", CreateFailure::refused},
          Case{1129, "Host is blocked because of many connection errors", CreateFailure::refused},
          Case{1043, "Bad handshake", CreateFailure::protocol},
          Case{2002, "Can't connect to server on '127.0.0.1' (115)", CreateFailure::refused},
          Case{2002, "Can't connect to server on '10.0.0.1' (110)", CreateFailure::timeout},
          Case{2005, "Unknown server host", CreateFailure::dns},
          Case{2013, "Lost connection to server at 'handshake'", CreateFailure::refused},
          Case{2026, "TLS/SSL error: certificate verify failed", CreateFailure::tls},
          Case{2059, "Authentication plugin 'dialog' cannot be loaded", CreateFailure::auth},
          Case{5010, "Authentication plugin 'dialog' is not allowed", CreateFailure::auth},
          Case{2007, "Protocol mismatch", CreateFailure::protocol}}) {
        EXPECT_EQ(classify_mysql_failure(each.number, "HY000", each.text).reason, each.reason)
            << each.number << ' ' << each.text;
    }
}

TEST(MysqlFailure, sqlstate_is_told_where_it_is_the_servers_own) {
    EXPECT_EQ(classify_mysql_failure(1045, "28000", "Access denied").sqlstate, "28000");
    EXPECT_EQ(classify_mysql_failure(2013, "HY000", "Lost connection").sqlstate, "");
}

TEST(MysqlFailure, message_is_one_line_and_never_empty) {
    EXPECT_EQ(classify_mysql_failure(1045, "28000", "Access denied\nfor you").message,
              "Access denied");
    EXPECT_FALSE(classify_mysql_failure(2000, "HY000", "").message.empty());
}

TEST(MysqlFailure, next_address_is_tried_only_where_none_was_reached) {
    EXPECT_TRUE(not_connected(2002));
    EXPECT_TRUE(not_connected(2003));
    EXPECT_FALSE(not_connected(2013));
    EXPECT_FALSE(not_connected(1045));
}

}  // namespace
}  // namespace weir::upstream
