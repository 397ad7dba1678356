// What an OK packet says has changed in the session: the part that CLIENT_SESSION_TRACK adds. Pure.
// Which changes are told depends on the session's session_track_… variables.
// Source: MariaDB, "OK_Packet", "Session State Info"; MySQL, "Session State Information".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::wire::mysql {

struct StateChange {
    enum class Kind : std::uint8_t {
        system_variable = 0,              // name, value
        schema = 1,                       // value: the database now
        state_change = 2,                 // flag: something of the session has changed
        gtids = 3,                        // value
        transaction_characteristics = 4,  // value: the statements that would set them again
        transaction_state = 5,            // value: eight letters, "________" outside of one
        unknown = 255
    };
    Kind kind = Kind::unknown;
    bool flag = false;
    std::string_view name, value;
};

// Goes through Ok::session_state, in the server's order; one entry may hold several variables.
class StateChanges {
  public:
    explicit StateChanges(std::string_view session_state) : rest_(session_state) {}
    // False at the end, and at what is malformed.
    [[nodiscard]] bool next(StateChange& change);
    [[nodiscard]] bool malformed() const { return malformed_; }

  private:
    bool fail();
    std::string_view rest_;
    std::string_view variables_;  // of the entry under way
    bool malformed_ = false;
};

// For tests and for what Weir says itself: appends one entry.
void put_state_change(std::string& session_state, const StateChange& change);

}  // namespace weir::wire::mysql
