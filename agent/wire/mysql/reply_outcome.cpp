// The part of ReplyTracker that reads what a reply came to.
#include <algorithm>

#include "wire/mysql/encoding.h"
#include "wire/mysql/packets.h"
#include "wire/mysql/prepared.h"
#include "wire/mysql/reply_tracker.h"

namespace weir::wire::mysql {

namespace {

constexpr std::uint64_t most_columns = 65535;

}  // namespace

bool ReplyTracker::read_ok_packet(std::string_view payload) {
    const auto ok = read_ok(payload, capabilities_);
    if (!ok) return false;
    took_status(ok->status, ok->warnings);
    if (phase_ != Phase::rows) {
        outcome_.affected_rows = ok->affected_rows;
        outcome_.last_insert_id = ok->last_insert_id;
        outcome_.rows_last = false;
    }
    if (!ok->session_state.empty()) outcome_.state_changed = true;
    return true;
}

bool ReplyTracker::read_eof_packet(std::string_view payload) {
    const auto eof = read_eof(payload);
    if (eof) took_status(eof->status, eof->warnings);
    return eof.has_value();
}

void ReplyTracker::took_status(std::uint16_t status, std::uint16_t warnings) {
    status_ = status;
    status_certain_ = true;
    outcome_.warnings = warnings;
}

bool ReplyTracker::read_error_packet(std::string_view payload) {
    const auto error = read_error(payload);
    if (!error) return false;
    outcome_.failed = true;
    outcome_.error = error->number;
    outcome_.warnings = 0;
    std::copy_n(error->sqlstate.begin(), outcome_.sqlstate.size(), outcome_.sqlstate.begin());
    status_certain_ = false;
    return true;
}

bool ReplyTracker::read_column_count(std::string_view payload) {
    PayloadReader reader(payload);
    if (!reader.take_length_encoded(definitions_left_) || !reader.empty() ||
        definitions_left_ == 0 || definitions_left_ > most_columns) {
        return false;
    }
    outcome_.rows = 0;
    outcome_.rows_last = true;
    ++outcome_.results;
    phase_ = Phase::columns;
    return true;
}

bool ReplyTracker::read_prepared(Part& part) {
    const auto prepared = read_prepared_ok(part.payload);
    if (!prepared) return false;
    outcome_.statement_id = prepared->statement;
    outcome_.parameters = prepared->parameters;
    outcome_.columns = prepared->columns;
    outcome_.warnings = prepared->warnings;
    phase_ = Phase::parameters;
    definitions_left_ = prepared->parameters;
    if (definitions_left_ == 0) next_definitions(part);
    return true;
}

}  // namespace weir::wire::mysql
