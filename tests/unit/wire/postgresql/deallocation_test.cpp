#include "wire/postgresql/deallocation.h"

#include <gtest/gtest.h>

namespace weir::wire::postgresql {
namespace {

TEST(Deallocation, names_are_folded_as_the_server_folds_them) {
    EXPECT_EQ(deallocated_statement("DEALLOCATE plan"), "plan");
    EXPECT_EQ(deallocated_statement(" deallocate\tPREPARE _pg3_0 ; "), "_pg3_0");
    EXPECT_EQ(deallocated_statement("DEALLOCATE Plan_1$"), "plan_1$");
    EXPECT_EQ(deallocated_statement("DEALLOCATE \"Plan \"\"x\"\"\""), "Plan \"x\"");
    EXPECT_EQ(deallocated_statement("DEALLOCATE \"all\""), "all");
    EXPECT_EQ(deallocated_statement("DEALLOCATE prepare"), "prepare");
}

TEST(Deallocation, other_texts_name_none) {
    for (const char* text :
         {"", "DEALLOCATE", "DEALLOCATE ALL", "deallocate prepare all", "DEALLOCATE a; SELECT 1",
          "DEALLOCATE a b", "SELECT 1", "DEALLOCATES a", "DEALLOCATE \"open", "DEALLOCATE 1a",
          "\"deallocate\" a", "DEALLOCATE a -- c"}) {
        EXPECT_FALSE(deallocated_statement(text)) << text;
    }
}

}  // namespace
}  // namespace weir::wire::postgresql
