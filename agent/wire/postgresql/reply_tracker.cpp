#include "wire/postgresql/reply_tracker.h"

#include <cassert>

#include "wire/postgresql/message_types.h"

namespace weir::wire::postgresql {

namespace {

bool gives_ready(char type) {
    return type == frontend::query || type == frontend::sync || type == frontend::function_call;
}

bool ends_copy(char type) { return type == frontend::copy_done || type == frontend::copy_fail; }

bool is_extended(char type) {
    return type == frontend::parse || type == frontend::bind || type == frontend::describe ||
           type == frontend::execute || type == frontend::close;
}

}  // namespace

bool ReplyTracker::copy_takes_next() const {
    if (!copying_in()) return false;
    std::size_t sent = queue_.size();
    while (sent > 1 && is_answer(queue_.at(sent - 1).type)) --sent;  // the server has none of those
    return sent == 1;
}

void ReplyTracker::sent(char type, bool hidden, std::uint32_t note) {
    if (ends_copy(type)) {
        // Before the CopyInResponse is here it can't be known whether there will be a COPY: the end
        // is queued then, and forgotten if it comes to the front.
        if (copy_takes_next()) {
            phase_ = Phase::copy_loaded;
        } else if (!queue_.empty()) {
            queue_.push({type, hidden, note});
        }
        return;
    }
    if (!gives_ready(type) && !is_extended(type)) return;
    if (type == frontend::sync) {
        if (copy_takes_next()) {
            ++eaten_syncs_;
            return;
        }
        skipping_ = false;
        open_ = false;
    } else if (skipping_) {
        lost_ = lost_ || stray_ready_ > 0;
        if (note != 0) ends_.push_back({note, Outcome::skipped});
        return;
    } else {
        open_ = is_extended(type);
    }
    queue_.push({type, hidden, note});
    if (gives_ready(type)) ++ready_due_;
}

void ReplyTracker::sent_here(char answer, std::uint32_t note) {
    assert(is_answer(answer));
    if (skipping_) {
        ends_.push_back({note, Outcome::skipped});
        return;
    }
    open_ = true;
    queue_.push({answer, false, note});
}

char ReplyTracker::answer_here() {
    assert(due_here());
    const char type = queue_.front().type;
    pop();
    return type;
}

ReplyTracker::Verdict ReplyTracker::replied(char type, std::string_view body) {
    switch (type) {
        case backend::notice_response:
        case backend::parameter_status:
        case backend::notification_response:
            return Verdict::async;
        case backend::error_response:
            return error_reply();
        case backend::ready_for_query:
            return ready_reply(body);
        default:
            return answer(type);
    }
}

ReplyTracker::Verdict ReplyTracker::answer(char type) {
    if (queue_.empty()) return Verdict::desync;
    stray_ready_ = 0;  // in excess they would have come before any answer to a later message
    switch (queue_.front().type) {
        case frontend::query:
            return query_reply(type);
        case frontend::execute:
            return execute_reply(type);
        case frontend::parse:
            return complete(type == backend::parse_complete);
        case frontend::bind:
            return complete(type == backend::bind_complete);
        case frontend::close:
            return complete(type == backend::close_complete);
        case frontend::describe:
            if (type == backend::parameter_description) {
                return advance(phase_ == Phase::none, Phase::described);
            }
            return complete(type == backend::row_description || type == backend::no_data);
        case frontend::function_call:
            return advance(type == backend::function_call_response && phase_ == Phase::none,
                           Phase::answered);
        default:  // Sync has no answer but ReadyForQuery
            return Verdict::desync;
    }
}

// A Query holds any number of statements, each with its own answer.
ReplyTracker::Verdict ReplyTracker::query_reply(char type) {
    const bool between = phase_ == Phase::none || phase_ == Phase::answered;
    switch (type) {
        case backend::data_row:
            return advance(phase_ == Phase::rows, Phase::rows);
        case backend::row_description:  // a rule may add result sets to one statement
            return advance(between || phase_ == Phase::rows, Phase::rows);
        case backend::command_complete:
            eaten_syncs_ = 0;
            return advance(between || phase_ == Phase::rows || phase_ == Phase::copy_loaded ||
                               phase_ == Phase::copied_out,
                           Phase::answered);
        case backend::empty_query_response:
            return advance(phase_ == Phase::none, Phase::answered);
        case backend::copy_in_response:
            if (!between) return Verdict::desync;
            begin_copy_in();
            return verdict();
        case backend::copy_out_response:
            return advance(between, Phase::copy_out);
        case backend::copy_data:
            return advance(phase_ == Phase::copy_out, Phase::copy_out);
        case backend::copy_done:
            return advance(phase_ == Phase::copy_out, Phase::copied_out);
        default:
            return Verdict::desync;
    }
}

ReplyTracker::Verdict ReplyTracker::execute_reply(char type) {
    const bool may_have_rows = phase_ == Phase::none || phase_ == Phase::rows;
    switch (type) {
        case backend::data_row:
            return advance(may_have_rows, Phase::rows);
        case backend::command_complete:
            return complete(may_have_rows || phase_ == Phase::copy_loaded ||
                            phase_ == Phase::copied_out);
        case backend::portal_suspended:
            return complete(may_have_rows);
        case backend::empty_query_response:
            return complete(phase_ == Phase::none);
        case backend::copy_in_response:
            if (phase_ != Phase::none) return Verdict::desync;
            begin_copy_in();
            return verdict();
        case backend::copy_out_response:
            return advance(phase_ == Phase::none, Phase::copy_out);
        case backend::copy_data:
            return advance(phase_ == Phase::copy_out, Phase::copy_out);
        case backend::copy_done:
            return advance(phase_ == Phase::copy_out, Phase::copied_out);
        default:
            return Verdict::desync;
    }
}

// The front has become a COPY FROM STDIN. It reads on in what was sent already: Syncs up to the end
// of the data are not answered, the end is its own.
void ReplyTracker::begin_copy_in() {
    phase_ = Phase::copy_in;
    eaten_syncs_ = 0;
    std::size_t at = 1;
    while (queue_.size() > at && phase_ == Phase::copy_in) {
        const char next = queue_.at(at).type;
        if (is_answer(next)) {  // the server knows nothing of it
            ++at;
            continue;
        }
        if (next == frontend::sync) {
            ++eaten_syncs_;
            --ready_due_;
        } else if (ends_copy(next)) {
            phase_ = Phase::copy_loaded;
        } else {
            break;  // not allowed inside of COPY: the server will say so and close
        }
        queue_.remove(at);
    }
    // The batch that a Sync was to end goes on behind the COPY.
    if (queue_.front().type == frontend::execute && ready_due_ == 0) open_ = true;
}

ReplyTracker::Verdict ReplyTracker::error_reply() {
    if (queue_.empty()) return Verdict::farewell;
    const Verdict to = error_is_hidden() ? Verdict::swallow : Verdict::forward;
    const char front = queue_.front().type;
    if (front != frontend::sync && phase_ != Phase::failed) stray_ready_ = eaten_syncs_;
    eaten_syncs_ = 0;
    phase_ = Phase::none;
    if (gives_ready(front)) {
        phase_ = Phase::failed;
        return to;
    }
    pop(Outcome::failed);
    while (!queue_.empty() && queue_.front().type != frontend::sync) {
        // Skipped, unless the server stops skipping at a Sync that counts as eaten.
        lost_ = lost_ || (stray_ready_ > 0 && !ends_copy(queue_.front().type));
        pop(Outcome::skipped);
    }
    skipping_ = queue_.empty();
    return to;
}

// Who sent the Sync at which the batch goes on? Its error is theirs.
bool ReplyTracker::error_is_hidden() const {
    const Asked front = queue_.front();
    if (!front.hidden || gives_ready(front.type)) return front.hidden;
    for (std::size_t i = 1; i < queue_.size(); ++i) {
        if (queue_.at(i).type == frontend::sync) return queue_.at(i).hidden;
    }
    return false;
}

ReplyTracker::Verdict ReplyTracker::ready_reply(std::string_view body) {
    if (body.size() != 1 || std::string_view("ITE").find(body.front()) == std::string_view::npos) {
        return Verdict::desync;
    }
    const Asked front = queue_.empty() ? Asked{} : queue_.front();
    const bool due =
        front.type == frontend::sync ||
        (gives_ready(front.type) && (phase_ == Phase::answered || phase_ == Phase::failed));
    if (!due && stray_ready_ == 0) return Verdict::desync;
    status_ = static_cast<TransactionStatus>(body.front());
    if (!due) {  // the failed COPY had left this Sync, and the server stopped skipping at it
        --stray_ready_;
        if (skipping_) open_ = skipping_ = false;
        return Verdict::forward;
    }
    const Verdict to = verdict();
    pop(phase_ == Phase::failed ? Outcome::failed : Outcome::succeeded);
    drop_copy_ends();
    return to;
}

ReplyTracker::Verdict ReplyTracker::verdict() const {
    return queue_.front().hidden ? Verdict::swallow : Verdict::forward;
}

// The front is answered in full.
ReplyTracker::Verdict ReplyTracker::complete(bool legal) {
    if (!legal) return Verdict::desync;
    const Verdict to = verdict();
    eaten_syncs_ = 0;
    pop();
    drop_copy_ends();
    return to;
}

ReplyTracker::Verdict ReplyTracker::advance(bool legal, Phase next) {
    if (!legal) return Verdict::desync;
    phase_ = next;
    return verdict();
}

void ReplyTracker::pop(Outcome outcome) {
    const Asked front = queue_.front();
    if (gives_ready(front.type)) --ready_due_;
    if (front.note != 0) ends_.push_back({front.note, outcome});
    queue_.pop();
    phase_ = Phase::none;
}

// No COPY was under way when the server read them: it ignores them.
void ReplyTracker::drop_copy_ends() {
    while (!queue_.empty() && ends_copy(queue_.front().type)) queue_.pop();
}

void ReplyTracker::reset() {
    queue_.clear();
    ends_.clear();
    ready_due_ = eaten_syncs_ = stray_ready_ = 0;
    phase_ = Phase::none;
    status_ = TransactionStatus::idle;
    open_ = skipping_ = lost_ = false;
}

}  // namespace weir::wire::postgresql
