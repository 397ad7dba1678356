#include "wire/mysql/reply_tracker.h"

#include <cassert>
#include <limits>
#include <utility>

namespace weir::wire::mysql {

namespace {

constexpr std::uint32_t longest_eof = 8;  // a longer packet with its lead is a row

bool has_no_reply(Command command) {
    return command == Command::stmt_send_long_data || command == Command::stmt_close ||
           command == Command::quit;
}

}  // namespace

void ReplyTracker::reset(std::uint32_t capabilities, std::uint16_t status) {
    std::vector<AskedCommand> queue = std::move(queue_);
    std::string kept = std::move(kept_);
    queue.clear();
    kept.clear();
    *this = ReplyTracker();
    queue_ = std::move(queue);
    kept_ = std::move(kept);
    capabilities_ = capabilities;
    status_ = status;
    scanner_.expect_any();
}

void ReplyTracker::sent(const AskedCommand& asked) {
    if (has_no_reply(asked.command)) return;
    assert(asked.command != Command::change_user && asked.command != Command::binlog_dump &&
           asked.command != Command::binlog_dump_gtid);
    queue_.push_back(asked);
}

void ReplyTracker::file_sent(std::uint8_t last_sequence) {
    assert(wants_file());
    phase_ = Phase::file_loaded;
    scanner_.expect(static_cast<std::uint8_t>(last_sequence + 1U));
}

ReplyTracker::Verdict ReplyTracker::next(std::string_view& chunk, Part& part) {
    if (broken_) return Verdict::desync;
    if (begun_ && take_run(chunk, part)) return Verdict::part;
    Piece piece;
    for (;;) {
        const PacketScanner::Status status = scanner_.next(chunk, piece);
        if (status == PacketScanner::Status::need_more) return Verdict::need_more;
        const Verdict verdict =
            status == PacketScanner::Status::piece ? took(piece, part) : Verdict::desync;
        if (verdict == Verdict::desync) broken_ = true;
        if (verdict != Verdict::need_more) return verdict;
    }
}

// Rows and definitions that lie whole in the chunk, all at once.
bool ReplyTracker::take_run(std::string_view& chunk, Part& part) {
    std::uint64_t count = 0;
    std::string_view run;
    if (phase_ == Phase::rows) {
        run = scanner_.take_run(chunk, std::numeric_limits<std::uint64_t>::max(), count);
        outcome_.rows += count;
    } else if (defines()) {
        run = scanner_.take_run(chunk, definitions_left_, count);
        definitions_left_ -= count;
    }
    if (count == 0) return false;
    part = Part{};
    part.asked = current();
    part.kind = phase_ == Phase::rows ? Kind::rows : Kind::columns;
    part.bytes = run;
    if (defines() && definitions_left_ == 0) definitions_passed(part);
    return true;
}

// need_more: the piece was kept.
ReplyTracker::Verdict ReplyTracker::took(const Piece& piece, Part& part) {
    if (piece.first && !begin_message(piece)) return Verdict::desync;
    part = Part{};
    part.kind = kind_;
    part.sequence = piece.sequence;
    if (outstanding() > 0) part.asked = current();
    if (!shown_whole_) {
        part.carried = piece.carried;
        part.bytes = piece.bytes;
        if (!piece.last) return Verdict::part;
        if (phase_ == Phase::rows) ++outcome_.rows;
        if (defines() && --definitions_left_ == 0) definitions_passed(part);
        return Verdict::part;
    }
    part.whole = true;
    part.bytes = piece.bytes;
    part.payload = piece.payload;
    if (!piece.first || !piece.last || !piece.carried.empty()) {
        if (piece.first) kept_.clear();
        kept_.append(piece.carried).append(piece.bytes);
        if (kept_.size() > longest_kept) return Verdict::desync;
        if (!piece.last) return Verdict::need_more;
        part.bytes = kept_;
        part.payload = part.bytes.substr(packet_header_size);
    }
    return judge(part);
}

// The first piece of a message: what it is follows from what is due and from its lead.
bool ReplyTracker::begin_message(const Piece& piece) {
    bool due = outstanding() > 0;
    if (due && !begun_) {
        begin_reply();
        due = piece.sequence == static_cast<std::uint8_t>(current().last_sequence + 1U);
    }
    if (!due) {
        // Said before the command was read, if there was one, by a server that goes away: it counts
        // its packets from elsewhere.
        kind_ = Kind::error;
        shown_whole_ = true;
        farewell_ = piece.lead == error_lead && piece.length < longest_packet;
        return farewell_;
    }
    if (!classify(piece)) return false;
    shown_whole_ = kind_ != Kind::rows && (kind_ != Kind::columns || phase_ == Phase::first);
    return !shown_whole_ || piece.length < longest_packet;
}

void ReplyTracker::begin_reply() {
    begun_ = true;
    outcome_ = Outcome{};
    switch (current().command) {
        case Command::stmt_prepare:
            phase_ = Phase::prepared;
            return;
        case Command::stmt_fetch:
            phase_ = Phase::rows;
            return;
        case Command::field_list:
            phase_ = Phase::fields;
            return;
        case Command::statistics:
            phase_ = Phase::text;
            return;
        case Command::query:
        case Command::stmt_execute:
        case Command::stmt_bulk_execute:
        case Command::process_info:
            phase_ = Phase::first;
            return;
        default:
            phase_ = Phase::plain;
    }
}

// False: nothing that may come here.
bool ReplyTracker::classify(const Piece& piece) {
    if (piece.length == 0 && phase_ != Phase::text) return false;
    if (phase_ == Phase::file) return false;
    if (piece.lead == error_lead) {
        kind_ = Kind::error;
        return true;
    }
    const bool ends = ends_rows(piece);
    switch (phase_) {
        case Phase::first:
            kind_ = piece.lead == ok_lead             ? Kind::ok
                    : piece.lead == local_infile_lead ? Kind::local_infile
                                                      : Kind::columns;
            return true;
        case Phase::rows:
            kind_ = ends ? end_kind() : Kind::rows;
            return true;
        case Phase::fields:
            kind_ = ends ? end_kind() : Kind::columns;
            return true;
        case Phase::columns:
        case Phase::parameters:
        case Phase::prepared_columns:
            kind_ = Kind::columns;
            return !ends;
        case Phase::columns_end:
        case Phase::parameters_end:
        case Phase::prepared_columns_end:
            kind_ = Kind::eof;
            return ends;
        case Phase::prepared:
            kind_ = Kind::prepared;
            return piece.lead == ok_lead;
        case Phase::text:
            kind_ = Kind::text;
            return true;
        case Phase::plain:
            kind_ = ends ? end_kind() : Kind::ok;
            return ends || piece.lead == ok_lead;
        case Phase::file_loaded:
            kind_ = Kind::ok;
            return piece.lead == ok_lead;
        case Phase::file:
            break;
    }
    return false;
}

// The same lead begins a row whose first value is 2^24 bytes or longer.
bool ReplyTracker::ends_rows(const Piece& piece) const {
    if (piece.lead != eof_lead) return false;
    return deprecates_eof() ? piece.length < longest_packet : piece.length <= longest_eof;
}

// A whole packet that means something.
ReplyTracker::Verdict ReplyTracker::judge(Part& part) {
    if (farewell_) {
        farewell_ = false;
        scanner_.expect_any();
        return read_error_packet(part.payload) ? Verdict::farewell : Verdict::desync;
    }
    bool fine = true;
    switch (kind_) {
        case Kind::error:
            fine = read_error_packet(part.payload);
            end_reply(part);
            break;
        case Kind::ok:
            fine = read_ok_packet(part.payload);
            result_ended(part);
            break;
        case Kind::eof:
            fine = read_eof_packet(part.payload);
            block_ended(part);
            break;
        case Kind::columns:
            fine = read_column_count(part.payload);
            break;
        case Kind::prepared:
            fine = read_prepared(part);
            break;
        case Kind::local_infile:
            phase_ = Phase::file;
            break;
        case Kind::text:
            end_reply(part);
            break;
        case Kind::rows:
            break;
    }
    return fine ? Verdict::part : Verdict::desync;
}

// All of a block: an EOF follows, or what comes after it.
void ReplyTracker::definitions_passed(Part& part) {
    if (!deprecates_eof()) {
        phase_ = phase_ == Phase::columns      ? Phase::columns_end
                 : phase_ == Phase::parameters ? Phase::parameters_end
                                               : Phase::prepared_columns_end;
    } else if (phase_ == Phase::columns) {
        phase_ = Phase::rows;
    } else {
        next_definitions(part);
    }
}

// COM_STMT_PREPARE's parameters are told: its columns, if there are any.
void ReplyTracker::next_definitions(Part& part) {
    const bool columns_told =
        phase_ == Phase::prepared_columns || phase_ == Phase::prepared_columns_end;
    if (columns_told || outcome_.columns == 0) return end_reply(part);
    phase_ = Phase::prepared_columns;
    definitions_left_ = outcome_.columns;
}

void ReplyTracker::block_ended(Part& part) {
    if (phase_ == Phase::columns_end) {
        // A procedure's own cursors set the same flag; its results are followed by more.
        const bool opened =
            current().cursor && has(status::cursor_exists) && !has(status::more_results);
        if (opened) return end_reply(part);
        phase_ = Phase::rows;
    } else if (phase_ == Phase::parameters_end || phase_ == Phase::prepared_columns_end) {
        next_definitions(part);
    } else {
        result_ended(part);
    }
}

void ReplyTracker::result_ended(Part& part) {
    const bool many = current().command == Command::query ||
                      current().command == Command::stmt_execute ||
                      current().command == Command::stmt_bulk_execute;
    if (!many || !has(status::more_results)) return end_reply(part);
    phase_ = Phase::first;
}

void ReplyTracker::end_reply(Part& part) {
    part.done = true;
    begun_ = false;
    phase_ = Phase::first;
    scanner_.expect_any();
    if (++front_ == queue_.size()) {
        queue_.clear();
        front_ = 0;
    } else if (front_ == 64) {
        queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(front_));
        front_ = 0;
    }
}

}  // namespace weir::wire::mysql
