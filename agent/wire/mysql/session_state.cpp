#include "wire/mysql/session_state.h"

#include "wire/mysql/encoding.h"

namespace weir::wire::mysql {

namespace {

// The value of an entry that is one length-encoded string.
bool read_string(std::string_view data, std::string_view& value) {
    PayloadReader reader(data);
    return reader.take_length_encoded(value);
}

}  // namespace

bool StateChanges::fail() {
    malformed_ = true;
    rest_ = variables_ = {};
    return false;
}

bool StateChanges::next(StateChange& change) {
    change = StateChange{};
    if (variables_.empty()) {
        if (rest_.empty()) return false;
        PayloadReader reader(rest_);
        std::uint8_t kind = 0;
        std::string_view data;
        if (!reader.take(kind) || !reader.take_length_encoded(data)) return fail();
        rest_ = reader.rest();
        change.kind = kind <= static_cast<std::uint8_t>(StateChange::Kind::transaction_state)
                          ? static_cast<StateChange::Kind>(kind)
                          : StateChange::Kind::unknown;
        switch (change.kind) {
            case StateChange::Kind::system_variable:
                if (data.empty()) return fail();
                variables_ = data;
                break;
            case StateChange::Kind::state_change:
                if (data.size() != 1) return fail();
                change.value = data;
                change.flag = data == "1";
                return true;
            case StateChange::Kind::gtids:
                if (data.empty()) return fail();
                data.remove_prefix(1);  // how it is encoded; only one way is defined
                [[fallthrough]];
            case StateChange::Kind::schema:
            case StateChange::Kind::transaction_characteristics:
            case StateChange::Kind::transaction_state:
                return read_string(data, change.value) || fail();
            case StateChange::Kind::unknown:
                change.value = data;
                return true;
        }
    }
    PayloadReader reader(variables_);
    change.kind = StateChange::Kind::system_variable;
    if (!reader.take_length_encoded(change.name) || !reader.take_length_encoded(change.value)) {
        return fail();
    }
    variables_ = reader.rest();
    return true;
}

void put_state_change(std::string& session_state, const StateChange& change) {
    std::string data;
    switch (change.kind) {
        case StateChange::Kind::system_variable:
            put_length_encoded(data, change.name);
            put_length_encoded(data, change.value);
            break;
        case StateChange::Kind::state_change:
            data.push_back(change.flag ? '1' : '0');
            break;
        case StateChange::Kind::gtids:
            put_u8(data, 0);
            put_length_encoded(data, change.value);
            break;
        default:
            put_length_encoded(data, change.value);
    }
    put_u8(session_state, static_cast<std::uint8_t>(change.kind));
    put_length_encoded(session_state, data);
}

}  // namespace weir::wire::mysql
