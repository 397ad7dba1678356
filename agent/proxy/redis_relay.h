// Watches a Redis connection of which everything is passed on, in whatever number, as messages are:
// how many subscriptions are in force, and when the answer to a question of our own has come, which
// is not passed on and shows that nothing asked before is outstanding. Pure; of one connection.
// Source: Redis documentation, "Pub/Sub", "PING".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/redis/reply_scanner.h"

namespace weir::proxy {

class RedisRelay {
  public:
    enum class Seen : std::uint8_t {
        passes,       // pass it on
        may_be_ours,  // kept here until more has come
        was_not,      // pass on kept() first, and then this piece
        ours          // the answer has come: neither this piece nor what is kept is passed on
    };

    void begin(bool resp3);  // nothing is subscribed
    // The question, to be sent. `mark` is 16 characters that nobody else can know.
    [[nodiscard]] std::string ask(std::string_view mark);
    [[nodiscard]] bool asked() const { return !answer_.empty(); }
    [[nodiscard]] Seen see(const wire::redis::ReplyPiece& piece);
    [[nodiscard]] const std::string& kept() const { return kept_; }
    [[nodiscard]] std::int64_t subscriptions() const { return plain_ + sharded_; }

  private:
    static constexpr std::size_t told_of_a_reply = 32;

    void note_confirmation(std::int64_t count);

    std::string head_;  // the beginning of the present reply
    std::string kept_;
    std::string answer_, subscribed_answer_;  // empty: nothing is asked
    bool keeps_ = false;
    bool resp3_ = false;
    std::int64_t plain_ = 0, sharded_ = 0;
};

}  // namespace weir::proxy
