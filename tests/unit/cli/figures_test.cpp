#include "cli/figures.h"

#include <gtest/gtest.h>

#include <cmath>

namespace weir::cli {
namespace {

TEST(Figures, a_duration_has_the_unit_that_suits_it) {
    EXPECT_EQ(duration_text(0), "0");
    EXPECT_EQ(duration_text(-1), "0");
    EXPECT_EQ(duration_text(std::nan("")), "0");
    EXPECT_EQ(duration_text(0.00025), "250 µs");
    EXPECT_EQ(duration_text(0.0123), "12.3 ms");
    EXPECT_EQ(duration_text(0.123), "123 ms");
    EXPECT_EQ(duration_text(4), "4.0 s");
    EXPECT_EQ(duration_text(90), "1m30s");
    EXPECT_EQ(duration_text(7500), "2h05m");
    EXPECT_EQ(duration_text(3 * 86400 + 4 * 3600), "3d04h");
}

TEST(Figures, a_duration_is_never_rounded_to_a_thousand_of_its_unit) {
    EXPECT_EQ(duration_text(0.0009996), "1.0 ms");
    EXPECT_EQ(duration_text(0.9996), "1.0 s");
    EXPECT_EQ(duration_text(59.96), "1m00s");
    EXPECT_EQ(duration_text(3599.9), "1h00m");
}

TEST(Figures, only_all_is_a_hundred_percent) {
    EXPECT_EQ(share_text(1), "100 %");
    EXPECT_EQ(share_text(0.99996), "99.9 %");
    EXPECT_EQ(share_text(0.29), "29.0 %");
    EXPECT_EQ(share_text(0), "0 %");
}

TEST(Figures, a_whole_number_has_no_decimals) {
    EXPECT_EQ(number_text(20), "20");
    EXPECT_EQ(number_text(0.8), "0.8");
    EXPECT_EQ(number_text(1.0 / 3), "0.333");
}

TEST(Figures, one_is_not_several) {
    EXPECT_EQ(counted(0, "pool"), "0 pools");
    EXPECT_EQ(counted(1, "pool"), "1 pool");
}

TEST(Figures, text_of_strangers_cannot_drive_the_terminal) {
    EXPECT_EQ(printable("a\x1b[2Jb\x07"), "a?[2Jb?");
    EXPECT_EQ(printable("x\xc2\x9by"), "x?y");
    EXPECT_EQ(printable("SELECT\n 1\t;"), "SELECT  1 ;");
    EXPECT_EQ(printable("Zürich"), "Zürich");
    EXPECT_EQ(printable("\xc2"), "\xc2");
}

}  // namespace
}  // namespace weir::cli
