#include "cli/table.h"

#include <gtest/gtest.h>

namespace weir::cli {
namespace {

Table example() {
    Table table({{"NAME"}, {"WAIT", Align::right}, {"STATE"}});
    table.add({"a", "250 µs", {"open", Tone::bad}});
    table.add({"longer", "1.0 s", ""});
    return table;
}

TEST(Table, columns_are_aligned_by_what_is_seen_and_lines_have_no_trailing_blanks) {
    EXPECT_EQ(example().text(false),
              "NAME      WAIT  STATE\n"
              "a       250 µs  open\n"
              "longer   1.0 s\n");
}

TEST(Table, colours_are_around_the_text_and_change_no_width) {
    EXPECT_EQ(example().text(true),
              "\x1b[2mNAME\x1b[0m      \x1b[2mWAIT\x1b[0m  \x1b[2mSTATE\x1b[0m\n"
              "a       250 µs  \x1b[31mopen\x1b[0m\n"
              "longer   1.0 s\n");
}

TEST(Table, cells_are_made_printable) {
    Table table({{"X"}});
    table.add({"a\nb\x1b[31m"});
    EXPECT_EQ(table.text(false), "X\na b?[31m\n");
}

TEST(Table, without_rows_it_is_its_titles) {
    const Table table({{"A"}, {"B"}});
    EXPECT_TRUE(table.empty());
    EXPECT_EQ(table.text(false), "A  B\n");
}

}  // namespace
}  // namespace weir::cli
