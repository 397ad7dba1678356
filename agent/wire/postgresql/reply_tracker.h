// What was asked of one server connection and is not answered yet: the queue that knows which
// ReadyForQuery is the last. Pure; belongs to the server connection.
// Source: "Message Flow": each Query, FunctionCall and Sync gives its own ReadyForQuery; after an
// ErrorResponse in an extended batch the server skips to the next Sync; Flush gives none; while
// COPY … FROM STDIN runs, Flush and Sync are ignored until CopyDone or CopyFail, and the
// CopyData that comes after its failure is swallowed by the server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::wire::postgresql {

enum class TransactionStatus : char { idle = 'I', in_transaction = 'T', failed = 'E' };

class ReplyTracker {
  public:
    // A frontend message was written to the server. Hidden ones are ours: their replies are swallowed.
    void sent(char type, bool hidden = false);

    enum class Verdict {
        forward,  // belongs to the client
        swallow,  // answers a hidden message
        async,    // Notice, ParameterStatus, Notification: not an answer
        desync    // the server can't have meant this: close the connection
    };
    // A backend message came whole; `body` is needed for 'Z' only (its status byte).
    [[nodiscard]] Verdict replied(char type, std::string_view body);

    // Nothing is outstanding: the last ReadyForQuery came, no batch is open, no COPY runs.
    [[nodiscard]] bool settled() const;
    // Extended messages went out and no Sync yet: the server may not answer before one.
    [[nodiscard]] bool batch_open() const;
    [[nodiscard]] bool copying_in() const;
    // ReadyForQuery messages still to come.
    [[nodiscard]] std::size_t ready_due() const;
    [[nodiscard]] TransactionStatus status() const;  // of the last ReadyForQuery
    void reset();
};

}  // namespace weir::wire::postgresql
