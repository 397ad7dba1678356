// What a Redis command means to a proxy that shares its connection: whether it may go out between
// other clients' commands, needs a connection of its own and until when, is answered here, or is
// refused. Decided by its name and few of its words; a command that is not known is an ordinary
// one, which the server judges. Pure; any thread.
// Source: Redis documentation, "Commands" (7.2 and before, Valkey 8).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::wire::redis {

enum class Command : std::uint8_t {
    ordinary,
    // -- answered here
    ping,
    echo,
    quit,
    hello,
    auth,
    select,
    reset,
    client_setname,
    client_getname,
    client_id,
    client_info,
    client_setinfo,
    client_reply,
    // -- a connection of one's own
    multi,
    exec,
    discard,
    watch,
    unwatch,
    blocking,   // for as long as its reply takes
    wait,       // on the connection that carried the client's writes
    subscribe,  // until nothing is subscribed
    unsubscribe,
    monitor,   // for ever
    tracking,  // CLIENT TRACKING: until OFF
    no_touch,  // CLIENT NO-TOUCH: until OFF
    readonly,  // until READWRITE
    readwrite,
    asking,  // for the next command
    // -- refused
    dangerous  // unless the pool allows admin_commands
};

// Precondition: `arguments` is not empty.
[[nodiscard]] Command classify(const std::vector<std::string_view>& arguments);

// Whether two words are the same but for the case of their letters. `upper` is in capitals.
[[nodiscard]] bool is_word(std::string_view text, std::string_view upper);

}  // namespace weir::wire::redis
