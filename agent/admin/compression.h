// gzip for those answers that are worth it (RFC 1952, by zlib).
#pragma once

#include "admin/message.h"

namespace weir::admin {

// Replaces the body by its gzip form when it is long enough to gain by it, and says so in the
// headers. Any thread.
void compress(Response&);

}  // namespace weir::admin
