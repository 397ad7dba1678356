// A client's unnamed statement, which any Parse of none replaces and any simple Query ends: its
// text, as far as the server has confirmed it, and whether the present connection has it. On the
// home loop. Source: PostgreSQL documentation, "Extended Query". Rule: what the connection holds
// may be a stranger's; what was sent is known only when it is answered, for an error skips the rest
// of its batch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/postgresql_statements.h"
#include "wire/postgresql/reply_tracker.h"

namespace weir::proxy {

class UnnamedStatement {
  public:
    using Outcome = wire::postgresql::ReplyTracker::Outcome;

    // Another connection serves the client.
    void linked();
    // Its Parse was sent, whole in `message`, whose memory is exchanged; empty: too long to be
    // kept.
    void parse_sent(std::string& message, StatementActs acts, std::uint64_t batch);
    // What ends it was sent, or what brings it to the connection.
    void change_sent(std::uint64_t batch);
    // The same messages' ends, in their order.
    void parse_ended(Outcome outcome);
    void end_ended(Outcome outcome);
    void carry_ended(Outcome outcome);
    void displaced() { here_ = false; }  // by a statement of ours
    void forget();

    enum class Need {
        nothing,
        carrying,  // text() must be sent first; a Close where it is empty
        patience   // an earlier batch has yet to tell
    };
    // Before a message of `batch` uses it.
    [[nodiscard]] Need before_use(std::uint64_t batch) const {
        if (due_ > 0) return last_batch_ == batch ? Need::nothing : Need::patience;
        return here_ ? Need::nothing : Need::carrying;
    }
    [[nodiscard]] const std::string& text() const {
        return text_;
    }  // its Parse; empty: there is none
    [[nodiscard]] bool may_exist() const { return due_ > 0 || !text_.empty(); }
    // What executing it may do: of the text confirmed last, and of those that are not yet.
    template <class Visit>
    void for_each_acts(const Visit& visit) const {
        visit(acts_);
        for (std::size_t i = first_; i < count_; ++i) visit(sent_acts_[i]);
    }

  private:
    std::string text_;
    std::vector<std::string> sent_;  // texts not confirmed yet, from first_ to count_
    std::size_t first_ = 0, count_ = 0;
    StatementActs acts_;                    // of text_
    std::vector<StatementActs> sent_acts_;  // of sent_
    unsigned due_ = 0;                      // messages not answered yet that change it
    std::uint64_t last_batch_ = 0;          // the last of them belongs to this one
    bool here_ = false;  // the connection has it, or has none as the client has none
};

}  // namespace weir::proxy
