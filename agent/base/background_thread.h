// What every thread beside the loops does first: a name for top(1), no signals (they belong to the
// main thread; SIGPIPE must not end the process inside a client library) and less priority than the
// loops.
#pragma once

namespace weir::base {

void enter_background_thread(const char* name);  // name: at most 15 bytes

}  // namespace weir::base
