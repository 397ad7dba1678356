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

#include "wire/postgresql/asked_queue.h"

namespace weir::wire::postgresql {

enum class TransactionStatus : char { idle = 'I', in_transaction = 'T', failed = 'E' };

class ReplyTracker {
  public:
    // A frontend message was written to the server. Hidden ones are ours: their replies are
    // swallowed. Only types that need an answer are kept; any other type is of no effect. What
    // becomes of a message with a note (1 to 2^24 - 1) stands in ends().
    void sent(char type, bool hidden = false, std::uint32_t note = 0);
    // A Parse or Close of the client's that did not go to the server: its answer, ParseComplete or
    // CloseComplete, is the owner's to give when all before it have theirs.
    void sent_here(char answer, std::uint32_t note);
    // The oldest unanswered message is of that kind: the answer to give now, which ends it.
    [[nodiscard]] bool due_here() const {
        return !queue_.empty() && is_answer(queue_.front().type);
    }
    [[nodiscard]] char answer_here();

    // How it ended for a noted message; skipped: because of an error before it in its batch.
    enum class Outcome : std::uint8_t { succeeded, failed, skipped };
    struct End {
        std::uint32_t note;
        Outcome outcome;
    };
    // In the order of their messages; the owner clears it.
    [[nodiscard]] std::vector<End>& ends() { return ends_; }

    enum class Verdict {
        forward,   // belongs to the client
        swallow,   // answers a hidden message
        async,     // Notice, ParameterStatus, Notification: not an answer
        farewell,  // an ErrorResponse that nothing asked for: always FATAL, the server goes away
        desync     // the server can't have meant this: close the connection
    };
    // A backend message came, or its header did: `body` is needed for 'Z' only (its status byte).
    // The error of a hidden message inside of a batch with the client's own Sync is the client's.
    [[nodiscard]] Verdict replied(char type, std::string_view body);

    // Nothing is outstanding: the last ReadyForQuery came, no batch is open, no COPY runs, and
    // nothing is in doubt.
    [[nodiscard]] bool settled() const {
        return queue_.empty() && !open_ && !skipping_ && !in_doubt();
    }
    // Extended messages went out and no Sync yet: the server may not answer before one.
    [[nodiscard]] bool batch_open() const { return open_ || skipping_; }
    // The server takes CopyData: neither CopyDone nor CopyFail has been sent.
    [[nodiscard]] bool copying_in() const { return phase_ == Phase::copy_in; }
    // ReadyForQuery messages still to come.
    [[nodiscard]] std::size_t ready_due() const { return ready_due_; }
    // A COPY FROM STDIN failed with Syncs behind it, and whether it had eaten them can't be told:
    // another ReadyForQuery may come. The next answer to anything else clears it up; a hidden
    // query("") asks for one.
    [[nodiscard]] bool in_doubt() const { return stray_ready_ > 0 || lost_; }
    [[nodiscard]] TransactionStatus status() const { return status_; }  // of the last ReadyForQuery
    void reset();  // as of a new connection; keeps its memory

  private:
    // How far the answer to the front of the queue has come.
    enum class Phase : std::uint8_t {
        none,         // nothing of it yet
        described,    // Describe: its ParameterDescription came
        rows,         // RowDescription or DataRow came
        answered,     // Query, FunctionCall: ReadyForQuery may come, or the next statement
        failed,       // Query, FunctionCall, Sync: an ErrorResponse, ReadyForQuery is next
        copy_in,      // CopyInResponse; the client sends
        copy_loaded,  // the client sent CopyDone or CopyFail; the outcome is next
        copy_out,     // CopyOutResponse; the server sends
        copied_out    // the server sent CopyDone
    };

    static constexpr bool is_answer(char type) { return type >= '0' && type <= '9'; }
    [[nodiscard]] Verdict answer(char type);
    [[nodiscard]] Verdict query_reply(char type);
    [[nodiscard]] Verdict execute_reply(char type);
    [[nodiscard]] Verdict error_reply();
    [[nodiscard]] Verdict ready_reply(std::string_view body);
    [[nodiscard]] Verdict verdict() const;
    [[nodiscard]] Verdict complete(bool legal);
    [[nodiscard]] Verdict advance(bool legal, Phase next);
    [[nodiscard]] bool error_is_hidden() const;
    // With anything else behind it the COPY is over, one way or the other, when that is read.
    [[nodiscard]] bool copy_takes_next() const;
    void begin_copy_in();
    void pop(Outcome outcome = Outcome::succeeded);
    void drop_copy_ends();

    AskedQueue queue_;
    std::vector<End> ends_;
    std::size_t ready_due_ = 0;    // queued messages that a ReadyForQuery answers
    std::size_t eaten_syncs_ = 0;  // Syncs taken for ignored by the COPY that runs
    std::size_t stray_ready_ = 0;  // ReadyForQuery that may come in excess
    Phase phase_ = Phase::none;
    TransactionStatus status_ = TransactionStatus::idle;
    bool open_ = false;
    bool skipping_ = false;  // an error, and no Sync sent since
    bool lost_ = false;      // messages went out that the server may have skipped or not
};

}  // namespace weir::wire::postgresql
