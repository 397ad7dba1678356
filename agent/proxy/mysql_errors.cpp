#include "proxy/mysql_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "wire/mysql/packets.h"

namespace weir::proxy {

MysqlCode mysql_code_of(const Answer& why) {
    constexpr std::array<std::pair<std::string_view, MysqlCode>, 12> codes{{
        {"28P01", mysql_code::access_denied},
        {"28000", mysql_code::database_denied},
        {"3D000", mysql_code::unknown_database},
        {"53300", mysql_code::too_many_connections},
        {"54000", mysql_code::packet_too_large},
        {"57P01", mysql_code::shutdown},
        {"57014", mysql_code::interrupted},
        {"25P03", mysql_code::idle_too_long},
        {"57P05", mysql_code::idle_too_long},
        {"08006", mysql_code::network},
        {"08P01", mysql_code::bad_handshake},
        {"0A000", mysql_code::not_supported},
    }};
    const auto* const found = std::find_if(
        codes.begin(), codes.end(), [&](const auto& known) { return known.first == why.sqlstate; });
    return found == codes.end() ? mysql_code::unknown : found->second;
}

void append_mysql_error(std::string& out, std::uint8_t& sequence, const Answer& why,
                        MysqlCode code) {
    const std::string message =
        why.hint.empty() ? why.message : fmt::format("{}. {}", why.message, why.hint);
    wire::mysql::append_error(out, sequence, {code.number, code.sqlstate, message});
}

void append_mysql_error(std::string& out, std::uint8_t& sequence, const Answer& why) {
    append_mysql_error(out, sequence, why, mysql_code_of(why));
}

}  // namespace weir::proxy
