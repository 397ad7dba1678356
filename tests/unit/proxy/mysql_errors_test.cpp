#include "proxy/mysql_errors.h"

#include <gtest/gtest.h>

#include "wire/mysql/packets.h"

namespace weir::proxy {
namespace {

struct Told {
    std::uint16_t number;
    std::string sqlstate, message;
};

Told read(const std::string& packet) {
    const auto error = wire::mysql::read_error(std::string_view(packet).substr(4));
    EXPECT_TRUE(error);
    return {error->number, std::string(error->sqlstate), std::string(error->message)};
}

Told told(const Answer& why) {
    std::string packet;
    std::uint8_t sequence = 3;
    append_mysql_error(packet, sequence, why);
    EXPECT_EQ(packet[3], 3);
    EXPECT_EQ(sequence, 4);
    return read(packet);
}

TEST(MysqlErrors, each_reason_has_the_number_and_the_sqlstate_that_drivers_know) {
    settings::Pool pool;
    const std::pair<Answer, MysqlCode> all[] = {
        {no_pool("x"), {1049, "42000"}},
        {wrong_password("ann"), {1045, "28000"}},
        {pool_not_allowed("ann", "p"), {1044, "42000"}},
        {tenant_not_allowed("ann", "t"), {1044, "42000"}},
        {too_many_tenants(pool), {1040, "08004"}},
        {client_limit("listener", 3), {1040, "08004"}},
        {draining(), {1053, "08S01"}},
        {{"54000", "too long", {}}, {1153, "08S01"}},
        {pool_removed("p"), {1053, "08S01"}},
        {server_lost("main", "reset"), {1158, "08S01"}},
        {protocol_violation("odd"), {1043, "08S01"}},
        {login_timed_out(), {1043, "08S01"}},
        {{"57014", "interrupted", {}}, {1317, "70100"}},
        {{"25P03", "too long", {}}, {4031, "HY000"}},
        {{"0A000", "not here", {}}, {1235, "42000"}},
        {{"XX000", "what", {}}, {1105, "HY000"}},
    };
    for (const auto& [why, code] : all) {
        EXPECT_EQ(told(why).number, code.number) << why.message;
        EXPECT_EQ(told(why).sqlstate, code.sqlstate) << why.message;
    }
}

TEST(MysqlErrors, message_says_what_to_do) {
    EXPECT_EQ(told({"53300", "it is full", "Raise max_size."}).message,
              "it is full. Raise max_size.");
}

}  // namespace
}  // namespace weir::proxy
