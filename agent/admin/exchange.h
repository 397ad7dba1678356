// One request taken from CivetWeb and one answer given to it: the only place where its connection
// type meets ours. On the worker thread of the connection.
#pragma once

#include "admin/message.h"
#include "base/result.h"

struct mg_connection;

namespace weir::admin {

// Reads the request, its body included, up to max_body. On failure the answer to send instead; the
// connection is then not kept alive, for what follows on it can't be told from the body.
[[nodiscard]] base::Result<Request, Response> take_request(mg_connection*);

// `with_body` false: the headers alone, as HEAD wants.
void send_answer(mg_connection*, const Response&, bool with_body);

}  // namespace weir::admin
