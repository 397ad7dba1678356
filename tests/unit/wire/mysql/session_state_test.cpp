#include "wire/mysql/session_state.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/mysql/bytes.h"

namespace weir::wire::mysql {
namespace session_state_test {

using test::hex;
using Kind = StateChange::Kind;

std::vector<std::string> told(std::string_view state, bool& malformed) {
    std::vector<std::string> out;
    StateChanges changes(state);
    StateChange change;
    while (changes.next(change)) {
        out.push_back(std::to_string(static_cast<int>(change.kind)) + " " +
                      std::string(change.name) + "=" + std::string(change.value));
    }
    malformed = changes.malformed();
    return out;
}

TEST(SessionState, tells_each_variable_of_an_entry_and_of_the_next) {
    std::string state;
    put_state_change(state, {Kind::system_variable, false, "autocommit", "ON"});
    state += hex("00 0c 01 61 01 62 01 63 00 01 65 02 66 67");  // three in one entry
    put_state_change(state, {Kind::transaction_state, false, {}, "T_R___S_"});
    put_state_change(state, {Kind::transaction_characteristics, false, {}, "START TRANSACTION;"});
    put_state_change(state, {Kind::gtids, false, {}, "1-2-3"});
    state += hex("09 02 68 69");  // of a server yet to come
    bool malformed = true;
    const std::vector<std::string> expected = {
        "0 autocommit=ON",       "0 a=b",    "0 c=",   "0 e=fg", "5 =T_R___S_",
        "4 =START TRANSACTION;", "3 =1-2-3", "255 =hi"};
    EXPECT_EQ(told(state, malformed), expected);
    EXPECT_FALSE(malformed);
}

TEST(SessionState, reads_what_a_server_says_at_begin_and_commit) {
    bool malformed = true;
    const std::string begin =
        hex("05 09 08 54 5f 5f 5f 5f 5f 5f 5f 04 13 12") + "START TRANSACTION;";
    EXPECT_EQ(told(begin, malformed),
              (std::vector<std::string>{"5 =T_______", "4 =START TRANSACTION;"}));
    EXPECT_FALSE(malformed);
    EXPECT_EQ(told(hex("05 09 08 5f 5f 5f 5f 5f 5f 5f 5f 04 01 00"), malformed),
              (std::vector<std::string>{"5 =________", "4 ="}));
    EXPECT_FALSE(malformed);
}

TEST(SessionState, stops_at_what_is_malformed) {
    for (const char* const digits :
         {"00", "00 05 01 61", "00 02 05 61", "00 00", "01 00", "03 00", "02 02 01 31", "05 fb"}) {
        bool malformed = false;
        EXPECT_TRUE(told(hex(digits), malformed).empty()) << digits;
        EXPECT_TRUE(malformed) << digits;
    }
}

}  // namespace session_state_test
}  // namespace weir::wire::mysql
