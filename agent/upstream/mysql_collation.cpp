#include "upstream/mysql_collation.h"

#include <mysql.h>

#include <string_view>

namespace weir::upstream {

std::vector<std::pair<std::string, std::string>> settings_of_collation(std::uint16_t collation) {
    // MySQL 8.0 has it by default, MariaDB under another name or not at all.
    constexpr std::uint16_t first_0900 = 255, last_0900 = 323;
    std::string character_set = "utf8mb4", name;
    if (collation < first_0900 || collation > last_0900) {
        const MARIADB_CHARSET_INFO* const known = mariadb_get_charset_by_nr(collation);
        if (known == nullptr) return {};
        character_set = known->csname;
        name = known->name;
    }
    std::vector<std::pair<std::string, std::string>> settings{
        {"character_set_client", character_set},
        {"character_set_connection", character_set},
        {"character_set_results", character_set}};
    if (!name.empty()) settings.emplace_back("collation_connection", name);
    return settings;
}

}  // namespace weir::upstream
