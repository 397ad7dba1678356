#include "proxy/target_fit.h"

#include <gtest/gtest.h>

namespace weir::proxy {
namespace {

using settings::Target;

// What a server of version 14 or later reports.
Parameters server(const char* standby, const char* read_only) {
    return {{"in_hot_standby", standby}, {"default_transaction_read_only", read_only}};
}

class TargetFit : public testing::Test {
  protected:
    ParameterSets sets;
    bool fits(Target target, const Parameters& reported, const Parameters& applied = {},
              bool write_refused = false) {
        return fits_target(target, *sets.obtain(reported), *sets.obtain(applied),
                           *sets.obtain(server("off", "off")), write_refused);
    }
};

TEST_F(TargetFit, writers_need_a_primary_that_is_not_read_only) {
    EXPECT_TRUE(fits(Target::read_write, server("off", "off")));
    EXPECT_FALSE(fits(Target::read_write, server("on", "off")));
    EXPECT_FALSE(fits(Target::read_write, server("off", "on")));
}

TEST_F(TargetFit, readers_need_what_writers_can_not_use) {
    EXPECT_FALSE(fits(Target::read_only, server("off", "off")));
    EXPECT_TRUE(fits(Target::read_only, server("on", "off")));
    EXPECT_TRUE(fits(Target::read_only, server("off", "on")));
}

TEST_F(TargetFit, whoever_takes_any_server_takes_any) {
    for (const Target target : {Target::any, Target::prefer_standby}) {
        EXPECT_TRUE(fits(target, server("off", "off")));
        EXPECT_TRUE(fits(target, server("on", "on"), {}, true));
    }
}

TEST_F(TargetFit, a_clients_own_choice_says_nothing_of_the_server) {
    EXPECT_TRUE(fits(Target::read_write, server("off", "on"),
                     {{"default_transaction_read_only", "on"}}, true));
    EXPECT_FALSE(
        fits(Target::read_write, server("on", "on"), {{"default_transaction_read_only", "on"}}));
}

TEST_F(TargetFit, a_refused_write_counts_where_the_server_reports_nothing) {
    EXPECT_TRUE(fits(Target::read_write, {}));
    EXPECT_FALSE(fits(Target::read_write, {}, {}, true));
    EXPECT_TRUE(fits(Target::read_only, {}, {}, true));
    EXPECT_TRUE(fits(Target::read_write, server("off", "off"), {}, true));
}

}  // namespace
}  // namespace weir::proxy
