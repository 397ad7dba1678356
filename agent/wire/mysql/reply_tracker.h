// What was asked of one server connection and is not answered yet: finds where each reply ends, and
// what came of it. Rows and column definitions are looked at by their headers only; the packets
// that mean something (OK, ERR, EOF, PREPARE's, a file's wish) are shown whole. Pure; belongs to
// the server connection. Sequence ids restart with each command, so that commands may be pipelined.
// Source: "Text Protocol", "Binary Protocol": "COM_QUERY Response", "COM_STMT_PREPARE Response",
// "COM_STMT_EXECUTE Response", "COM_STMT_FETCH"; "OK_Packet": 0xfe ends rows only when it is short.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/mysql/packet_scanner.h"
#include "wire/mysql/protocol.h"

namespace weir::wire::mysql {

struct AskedCommand {
    Command command = Command::query;
    bool hidden = false;             // ours: its reply is not the client's
    bool cursor = false;             // COM_STMT_EXECUTE that asks for one
    std::uint8_t last_sequence = 0;  // of its last packet: the reply begins with the next
    std::uint32_t note = 0;          // its owner's
};

// What is known of a reply so far; all of it when it is complete.
struct Outcome {
    bool failed = false;  // with what follows:
    std::uint16_t error = 0;
    std::array<char, 5> sqlstate{};
    std::uint64_t affected_rows = 0;   // of the last OK that is no result's end
    std::uint64_t last_insert_id = 0;  // the same
    std::uint16_t warnings = 0;        // of the last OK or EOF; 0 after an error
    std::uint64_t rows = 0;            // of the last result; a cursor's are those of this fetch
    std::uint32_t results = 0;         // results with columns
    bool rows_last = false;            // the last result had columns
    bool state_changed = false;        // an OK said so: see Part::payload, read_ok and StateChanges
    std::uint32_t statement_id = 0;    // COM_STMT_PREPARE
    std::uint16_t parameters = 0, columns = 0;  // the same
};

class ReplyTracker {
  public:
    enum class Kind : std::uint8_t {
        rows,     // one or more whole ones, or a stretch of one
        columns,  // their count and definitions, and those of parameters
        ok,       // also where it ends rows (lead 0xfe)
        eof,
        error,
        prepared,      // COM_STMT_PREPARE's first packet
        local_infile,  // the server wants the file that it names
        text           // COM_STATISTICS
    };
    // A stretch of a reply, to be passed on in this order. `carried` lies in the tracker.
    struct Part {
        Kind kind = Kind::rows;
        AskedCommand asked;
        bool whole = false;  // one whole packet: payload and sequence are its own
        bool done = false;   // the reply to `asked` is complete: outcome() tells
        std::uint8_t sequence = 0;
        std::string_view carried;  // before bytes; empty for whole packets
        std::string_view bytes;    // as they came, headers included
        std::string_view payload;  // of a whole packet that is neither row nor column
    };
    enum class Verdict : std::uint8_t {
        part,
        need_more,  // the chunk is used up; a packet that means something may be kept unfinished
        farewell,   // an ERR that nothing asked for: the server goes away; outcome() has it
        desync      // the server can't have meant this: close the connection
    };

    // As of a new connection; `capabilities`: those that client and server have agreed upon,
    // `status`: of the OK that let us in. Keeps its memory.
    void reset(std::uint32_t capabilities, std::uint16_t status = status::autocommit);

    // A command was written to the server, or will be before its reply is read. Commands without a
    // reply (COM_STMT_SEND_LONG_DATA, COM_STMT_CLOSE, COM_QUIT) are of no effect.
    // Precondition: no COM_CHANGE_USER and no binlog command; their replies are another protocol.
    void sent(const AskedCommand& asked);

    // Takes the next part off the front of `chunk`.
    [[nodiscard]] Verdict next(std::string_view& chunk, Part& part);

    // The server waits for a file: the client's packets go to it until an empty one.
    [[nodiscard]] bool wants_file() const { return phase_ == Phase::file; }
    // The file's last, empty packet was sent; its sequence id. Precondition: wants_file().
    void file_sent(std::uint8_t last_sequence);

    // Nothing is outstanding, and nothing has begun that was not asked for.
    [[nodiscard]] bool settled() const { return outstanding() == 0 && scanner_.between_messages(); }
    [[nodiscard]] std::size_t outstanding() const { return queue_.size() - front_; }
    // The command whose reply is under way or due. Precondition: outstanding() > 0.
    [[nodiscard]] const AskedCommand& current() const { return queue_[front_]; }
    [[nodiscard]] bool reply_begun() const { return begun_; }

    // Of the reply under way, or of the last one until the next begins.
    [[nodiscard]] const Outcome& outcome() const { return outcome_; }
    // Server status flags of the last OK or EOF.
    [[nodiscard]] std::uint16_t status() const { return status_; }
    [[nodiscard]] bool has(std::uint16_t flag) const { return (status_ & flag) != 0; }
    // False after an ERR, which brings no flags: the statement may have ended a transaction, or a
    // procedure left one open. COM_PING's OK tells.
    [[nodiscard]] bool status_certain() const { return status_certain_; }
    [[nodiscard]] std::uint32_t capabilities() const { return capabilities_; }

  private:
    // What the reply's next packet may be.
    enum class Phase : std::uint8_t {
        first,             // OK, ERR, column count, file's wish
        columns,           // column definitions, definitions_left_ of them
        columns_end,       // their EOF
        rows,              // rows until EOF, OK or ERR
        file,              // nothing: it waits for the client's
        file_loaded,       // OK or ERR
        prepared,          // COM_STMT_PREPARE's OK or ERR
        parameters,        // definitions, definitions_left_ of them
        parameters_end,    // their EOF
        prepared_columns,  // definitions, definitions_left_ of them
        prepared_columns_end,
        fields,  // COM_FIELD_LIST: definitions until EOF or ERR
        text,    // COM_STATISTICS
        plain    // OK, EOF or ERR
    };
    static constexpr std::size_t longest_kept = std::size_t{1} << 20U;  // an OK with its state

    [[nodiscard]] bool take_run(std::string_view& chunk, Part& part);
    [[nodiscard]] Verdict took(const Piece& piece, Part& part);
    [[nodiscard]] bool begin_message(const Piece& piece);
    [[nodiscard]] bool classify(const Piece& piece);
    [[nodiscard]] bool ends_rows(const Piece& piece) const;
    [[nodiscard]] Kind end_kind() const { return deprecates_eof() ? Kind::ok : Kind::eof; }
    [[nodiscard]] bool deprecates_eof() const {
        return (capabilities_ & capability::deprecate_eof) != 0;
    }
    [[nodiscard]] bool defines() const {
        return phase_ == Phase::columns || phase_ == Phase::parameters ||
               phase_ == Phase::prepared_columns;
    }
    [[nodiscard]] Verdict judge(Part& part);
    void begin_reply();
    void definitions_passed(Part& part);
    void next_definitions(Part& part);
    void block_ended(Part& part);
    void result_ended(Part& part);
    void end_reply(Part& part);
    // reply_outcome.cpp
    [[nodiscard]] bool read_ok_packet(std::string_view payload);
    [[nodiscard]] bool read_eof_packet(std::string_view payload);
    [[nodiscard]] bool read_error_packet(std::string_view payload);
    [[nodiscard]] bool read_column_count(std::string_view payload);
    [[nodiscard]] bool read_prepared(Part& part);
    void took_status(std::uint16_t status, std::uint16_t warnings);

    PacketScanner scanner_;
    std::vector<AskedCommand> queue_;
    std::size_t front_ = 0;
    std::string kept_;  // an unfinished packet that means something
    Outcome outcome_;
    std::uint64_t definitions_left_ = 0;
    std::uint32_t capabilities_ = 0;
    std::uint16_t status_ = status::autocommit;
    Kind kind_ = Kind::rows;  // of the message under way
    Phase phase_ = Phase::first;
    bool shown_whole_ = false;  // the message under way means something
    bool farewell_ = false;     // and nothing asked for it
    bool begun_ = false;        // a packet of the current reply has come
    bool status_certain_ = true;
    bool broken_ = false;
};

}  // namespace weir::wire::mysql
