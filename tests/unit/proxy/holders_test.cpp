#include "proxy/holders.h"

#include <gtest/gtest.h>

namespace weir::proxy {
namespace {

LeakStatus forgetful() {
    LeakStatus holder;
    holder.client = "0-7";
    holder.client_address = "10.0.0.1:5000";
    holder.application_name = "web";
    holder.state = "idle in transaction";
    holder.held_seconds = 3.24;
    holder.last_statement = "select * from orders where id = ?";
    return holder;
}

TEST(Holders, a_holder_is_told_with_what_it_did_last) {
    EXPECT_EQ(holder_words(forgetful()),
              "client 10.0.0.1:5000 (application \"web\"), idle in transaction, for 3.2s, last "
              "statement SELECT orders");
}

TEST(Holders, the_trace_is_named_where_there_is_one) {
    LeakStatus holder = forgetful();
    holder.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    EXPECT_TRUE(holder_words(holder).ends_with(", trace 4bf92f3577b34da6a3ce929d0e0e4736"));
}

TEST(Holders, clients_that_share_a_connection_are_not_one) {
    LeakStatus holder;
    holder.state = "used";
    holder.held_seconds = 1;
    EXPECT_EQ(holder_words(holder), "several clients that share it, used, for 1.0s");
}

}  // namespace
}  // namespace weir::proxy
