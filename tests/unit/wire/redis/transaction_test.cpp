#include "wire/redis/transaction.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "wire/redis/request_scanner.h"

namespace weir::wire::redis {
namespace {

std::string asked(std::initializer_list<std::vector<std::string_view>> commands) {
    std::string bytes;
    for (const auto& command : commands) append_request(bytes, command);
    return bytes;
}

TEST(Transaction, ends_with_its_exec) {
    const std::string whole = asked({{"SET", "k", "v"}, {"blpop", "k", "0"}, {"exec"}});
    const auto found = whole_transaction(whole + asked({{"GET", "k"}}), 10);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->size, whole.size());
    EXPECT_EQ(found->commands, 3U);
    EXPECT_TRUE(whole_transaction(asked({{"DISCARD"}}), 10));
}

TEST(Transaction, is_not_whole_before_its_last_byte) {
    const std::string whole = asked({{"SET", "k", "v"}, {"EXEC"}});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(whole_transaction(std::string_view(whole).substr(0, size), 10)) << size;
    }
}

TEST(Transaction, with_too_much_in_it_is_not_sent_whole) {
    const std::string whole = asked({{"INCR", "k"}, {"INCR", "k"}, {"EXEC"}});
    EXPECT_FALSE(whole_transaction(whole, 2));
    EXPECT_TRUE(whole_transaction(whole, 3));
    EXPECT_FALSE(whole_transaction(asked({{"SET", "k", std::string(40'000, 'x')}, {"EXEC"}}), 10));
}

TEST(Transaction, with_what_is_not_only_queued_is_not_sent_whole) {
    for (const auto& command :
         std::initializer_list<std::vector<std::string_view>>{{"WATCH", "k"},
                                                              {"SELECT", "1"},
                                                              {"SUBSCRIBE", "c"},
                                                              {"MULTI"},
                                                              {"FLUSHALL"},
                                                              {"AUTH", "x"},
                                                              {"QUIT"},
                                                              {"EXEC", "more"}}) {
        EXPECT_FALSE(whole_transaction(asked({command, {"EXEC"}}), 10)) << command.front();
    }
    EXPECT_FALSE(whole_transaction("SET k v\r\nEXEC\r\n", 10)) << "inline";
    EXPECT_FALSE(whole_transaction("*0\r\n" + asked({{"EXEC"}}), 10)) << "empty";
    EXPECT_FALSE(whole_transaction("*1\r\n$-1\r\n", 10)) << "broken";
}

}  // namespace
}  // namespace weir::wire::redis
