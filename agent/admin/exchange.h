// One request taken from CivetWeb and one answer given to it: the only place where its connection
// type meets ours. On the worker thread of the connection.
#pragma once

#include "admin/message.h"
#include "base/result.h"

struct mg_connection;

namespace weir::admin {

// Reads the request, its body included, up to max_body. On failure the answer to send instead, as
// the last one: what follows on the connection can't be told from the body.
[[nodiscard]] base::Result<Request, Response> take_request(mg_connection*);

struct Sending {
    bool body = true;   // false: the headers alone, as HEAD wants
    bool last = false;  // the connection is closed afterwards
};
void send_answer(mg_connection*, const Response&, Sending);

}  // namespace weir::admin
