// The questions that a poll asks, one function an engine: connect, log in, ask, leave. Each is
// driven by the engine's own client library without ever blocking in it, under the caller's
// patience, and keeps nothing. On the thread of a watch.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "collectors/servers/patience.h"
#include "collectors/servers/server_access.h"
#include "settings/settings.h"
#include "telemetry/server_probe.h"

namespace weir::collectors {

struct Answer {
    telemetry::ServerReading reading;  // `of_this_agent` is left to the caller
    // The connection, left in good order, if the server has not ended its side yet: only its end of
    // file says that the place is free.
    base::Fd left;
};
using Asked = base::Result<Answer>;  // or why not: one line for people, no secret

// `target`: of postgresql, what the server shall be; other engines know none.
using Ask = Asked (*)(const settings::Upstream& upstream, const Place& place,
                      settings::Target target, const Patience& patience);

[[nodiscard]] Asked ask_postgresql(const settings::Upstream& upstream, const Place& place,
                                   settings::Target target, const Patience& patience);
[[nodiscard]] Asked ask_mysql(const settings::Upstream& upstream, const Place& place,
                              settings::Target target, const Patience& patience);
[[nodiscard]] Asked ask_redis(const settings::Upstream& upstream, const Place& place,
                              settings::Target target, const Patience& patience);

// A copy of the descriptor, which outlives the library's handle.
[[nodiscard]] base::Fd copy_of(int fd);
// Waits until the server has left as well, as long as patience lasts.
void see_off(const base::Fd& left, const Patience& patience);
// The first line of what a library says.
[[nodiscard]] std::string first_line(std::string_view text);

}  // namespace weir::collectors
