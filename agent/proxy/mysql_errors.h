// The one place that turns reasons into the error numbers and SQLSTATEs that MySQL clients know.
// Pure. Source: MySQL documentation, "Server Error Message Reference".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/refusals.h"

namespace weir::proxy {

struct MysqlCode {
    std::uint16_t number = 0;
    std::string_view sqlstate;
};

namespace mysql_code {
inline constexpr MysqlCode too_many_connections{1040, "08004"}, bad_handshake{1043, "08S01"},
    database_denied{1044, "42000"}, access_denied{1045, "28000"}, unknown_database{1049, "42000"},
    unknown{1105, "HY000"}, shutdown{1053, "08S01"}, network{1158, "08S01"},
    packet_too_large{1153, "08S01"}, user_limit{1226, "42000"}, not_supported{1235, "42000"},
    interrupted{1317, "70100"}, tls_required{3159, "HY000"}, idle_too_long{4031, "HY000"};
}  // namespace mysql_code

// By the answer's SQLSTATE, which is PostgreSQL's.
[[nodiscard]] MysqlCode mysql_code_of(const Answer& why);

// Appends one ERR packet; `sequence` moves on.
void append_mysql_error(std::string& out, std::uint8_t& sequence, const Answer& why);
void append_mysql_error(std::string& out, std::uint8_t& sequence, const Answer& why,
                        MysqlCode code);

}  // namespace weir::proxy
