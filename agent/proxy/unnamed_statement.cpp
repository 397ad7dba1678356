#include "proxy/unnamed_statement.h"

#include <cassert>

namespace weir::proxy {

void UnnamedStatement::linked() {
    here_ = false;
    due_ = 0;
    first_ = count_ = 0;
}

void UnnamedStatement::parse_sent(std::string& message, StatementActs acts, std::uint64_t batch) {
    if (count_ == sent_.size()) {
        sent_.emplace_back();
        sent_acts_.emplace_back();
    }
    sent_acts_[count_] = std::move(acts);
    sent_[count_++].swap(message);
    change_sent(batch);
}

void UnnamedStatement::change_sent(std::uint64_t batch) {
    ++due_;
    last_batch_ = batch;
}

void UnnamedStatement::parse_ended(Outcome outcome) {
    assert(due_ > 0 && first_ < count_);
    --due_;
    std::string& text = sent_[first_];
    StatementActs& acts = sent_acts_[first_++];
    if (outcome == Outcome::succeeded) {
        text_.swap(text);
        std::swap(acts_, acts);
    }
    // One that fails has ended the one before.
    if (outcome == Outcome::failed) text_.clear();
    if (outcome != Outcome::skipped) here_ = true;
    if (first_ == count_) first_ = count_ = 0;
}

void UnnamedStatement::end_ended(Outcome outcome) {
    assert(due_ > 0);
    --due_;
    if (outcome == Outcome::skipped) return;
    text_.clear();
    here_ = true;
}

void UnnamedStatement::carry_ended(Outcome outcome) {
    assert(due_ > 0);
    --due_;
    if (outcome != Outcome::skipped) here_ = outcome == Outcome::succeeded;
}

void UnnamedStatement::forget() {
    text_.clear();
    acts_ = {};
}

}  // namespace weir::proxy
