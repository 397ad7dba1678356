#include "proxy/redis_relay.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir::proxy {

using wire::redis::ReplyPiece;

void RedisRelay::begin(bool resp3) {
    resp3_ = resp3;
    plain_ = sharded_ = 0;
    answer_.clear();
    keeps_ = false;
}

std::string RedisRelay::ask(std::string_view mark) {
    answer_ = fmt::format("${}\r\n{}\r\n", mark.size(), mark);
    // To who is subscribed RESP2 answers in the form of a message.
    subscribed_answer_ = "*2\r\n$4\r\npong\r\n" + answer_;
    return fmt::format("*2\r\n$4\r\nPING\r\n{}", answer_);
}

RedisRelay::Seen RedisRelay::see(const ReplyPiece& piece) {
    if (piece.first) {
        head_.clear();
        kept_.clear();
        keeps_ = asked();
    }
    head_.append(piece.bytes.substr(0, told_of_a_reply - std::min(told_of_a_reply, head_.size())));
    if (piece.last && piece.integer) note_confirmation(*piece.integer);
    if (!keeps_) return Seen::passes;
    const auto begins = [&](const std::string& expected) {
        return expected.compare(0, kept_.size(), kept_) == 0 &&
               std::string_view(expected).substr(kept_.size()).starts_with(piece.bytes);
    };
    if (!begins(answer_) && !begins(subscribed_answer_)) {
        keeps_ = false;
        return kept_.empty() ? Seen::passes : Seen::was_not;
    }
    kept_ += piece.bytes;
    if (!piece.last) return Seen::may_be_ours;
    answer_.clear();
    return Seen::ours;
}

// The kind, the name and how many are left of the kind's family. Nothing else looks like it: RESP3
// pushes it, and with RESP2 who is subscribed can ask for nothing of the kind.
void RedisRelay::note_confirmation(std::int64_t count) {
    std::string_view head = head_;
    if (!head.starts_with(resp3_ ? ">3\r\n$" : "*3\r\n$")) return;
    head.remove_prefix(std::min(head.size(), head.find('\n', 4) + 1));
    const std::string_view kind = head.substr(0, head.find('\r'));
    if (kind == "subscribe" || kind == "psubscribe" || kind == "unsubscribe" ||
        kind == "punsubscribe") {
        plain_ = count;
    } else if (kind == "ssubscribe" || kind == "sunsubscribe") {
        sharded_ = count;
    }
}

}  // namespace weir::proxy
