#include "wire/redis/commands.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace weir::wire::redis {
namespace {

Command classified(const std::string& line) {
    std::istringstream words(line);
    std::vector<std::string> held;
    for (std::string word; words >> word;) held.push_back(word);
    return classify({held.begin(), held.end()});
}

TEST(Commands, an_unknown_command_is_an_ordinary_one) {
    for (const char* line : {"GET k", "X", "NOSUCHCOMMAND", "BLPOPX k", "EVAL s 0", "PUNSUBSCRIBER",
                             "MULT", "FLUSHDB", "PUBLISH c m"}) {
        EXPECT_EQ(classified(line), Command::ordinary) << line;
    }
}

TEST(Commands, letters_count_in_either_case) {
    EXPECT_EQ(classified("multi"), Command::multi);
    EXPECT_EQ(classified("MuLtI"), Command::multi);
    EXPECT_EQ(classified("client setName x"), Command::client_setname);
}

TEST(Commands, every_name_of_the_design_is_found) {
    EXPECT_EQ(classified("WATCH k"), Command::watch);
    EXPECT_EQ(classified("UNWATCH"), Command::unwatch);
    EXPECT_EQ(classified("EXEC"), Command::exec);
    EXPECT_EQ(classified("DISCARD"), Command::discard);
    EXPECT_EQ(classified("MONITOR"), Command::monitor);
    EXPECT_EQ(classified("WAIT 1 0"), Command::wait);
    for (const char* line : {"BLPOP k 0", "BRPOP k 0", "BLMOVE a b LEFT LEFT 0", "BLMPOP 0 1 k",
                             "BRPOPLPUSH a b 0", "BZPOPMIN k 0", "BZPOPMAX k 0", "BZMPOP 0 1 k"}) {
        EXPECT_EQ(classified(line), Command::blocking) << line;
    }
    for (const char* line : {"SUBSCRIBE c", "PSUBSCRIBE c", "SSUBSCRIBE c"}) {
        EXPECT_EQ(classified(line), Command::subscribe) << line;
    }
    for (const char* line : {"UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"}) {
        EXPECT_EQ(classified(line), Command::unsubscribe) << line;
    }
    for (const auto& [line, command] :
         {std::pair{"READONLY", Command::readonly}, std::pair{"READWRITE", Command::readwrite},
          std::pair{"ASKING", Command::asking}}) {
        EXPECT_EQ(classified(line), command) << line;
    }
    for (const char* line :
         {"SHUTDOWN",    "DEBUG SLEEP 1",  "CONFIG GET x",  "REPLICAOF h 1",  "FAILOVER",
          "SYNC",        "PSYNC",          "MIGRATE",       "MOVE k 1",       "SWAPDB 0 1",
          "FLUSHALL",    "ACL LIST",       "MODULE LIST",   "SAVE",           "BGSAVE",
          "SLOWLOG GET", "LATENCY DOCTOR", "CLIENT KILL x", "CLIENT PAUSE 1", "CLIENT NO-EVICT ON",
          "CLIENT LIST", "CLIENT",         "SCRIPT FLUSH",  "FUNCTION FLUSH"}) {
        EXPECT_EQ(classified(line), Command::dangerous) << line;
    }
}

TEST(Commands, some_are_judged_by_their_words) {
    EXPECT_EQ(classified("XREAD BLOCK 0 STREAMS s $"), Command::blocking);
    EXPECT_EQ(classified("XREAD STREAMS block 0"), Command::ordinary);
    EXPECT_EQ(classified("XREADGROUP GROUP g c COUNT 1 STREAMS s >"), Command::ordinary);
    EXPECT_EQ(classified("XREADGROUP GROUP streams me BLOCK 0 STREAMS s >"), Command::blocking);
    EXPECT_EQ(classified("COPY a b"), Command::ordinary);
    EXPECT_EQ(classified("COPY a b REPLACE DB 3"), Command::dangerous);
    EXPECT_EQ(classified("COPY db DB"), Command::ordinary);
    EXPECT_EQ(classified("SCRIPT LOAD x"), Command::ordinary);
    EXPECT_EQ(classified("CLIENT TRACKING ON"), Command::tracking);
    EXPECT_EQ(classified("CLIENT NO-TOUCH ON"), Command::no_touch);
    EXPECT_EQ(classified("CLIENT CACHING YES"), Command::ordinary);
    EXPECT_EQ(classified("CLUSTER SLOTS"), Command::ordinary);
    EXPECT_EQ(classified("CLUSTER FORGET x"), Command::dangerous);
}

}  // namespace
}  // namespace weir::wire::redis
