// One connect under way: hiredis' non-blocking connect, TLS where it is wanted, then AUTH, SELECT
// and PING in one write, and HELLO 3 behind them where RESP3 is wanted, as a state machine that its
// dial thread feeds with readiness. It waits for nothing itself. The dial thread only. The next
// address is tried when one can't be connected to.
// Source: Redis documentation, "AUTH", "SELECT", "PING", "HELLO"; hiredis' README.
#pragma once

#include <hiredis/hiredis.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "upstream/address.h"
#include "upstream/dialer.h"
#include "upstream/redis_conversation.h"

namespace weir::upstream {

class RedisAttempt {
  public:
    struct Thread {};  // hiredis asks nothing of one

    // `upstream` outlives it.
    RedisAttempt(DialRequest request, std::function<void(DialResult)> done,
                 const settings::Upstream& upstream, base::Instant now);

    // Begins the connect once names are addresses; like advance(), the result when it is over
    // already.
    [[nodiscard]] std::optional<DialResult> start(std::vector<Endpoint> endpoints,
                                                  base::Instant now);
    [[nodiscard]] bool started() const { return context_ != nullptr || talk_ != nullptr; }
    // The descriptor and the poll(2) events that it waits for. Precondition: started().
    [[nodiscard]] int fd() const { return talk_ != nullptr ? talk_->fd() : context_->fd; }
    [[nodiscard]] short events() const;
    [[nodiscard]] std::optional<DialResult> advance(short ready, base::Instant now);

    void resolved(base::Instant now) { steps_.resolved = now; }
    [[nodiscard]] base::Instant begun() const { return begun_; }
    // Why it has not come further, for the deadline's message.
    [[nodiscard]] DialFailure overdue(base::Duration limit) const;
    void finish(DialResult result) {
        steps_.begun = begun_;
        (result ? result->steps : result.error().steps) = steps_;
        done_(std::move(result));
    }

  private:
    enum class Asked : std::uint8_t { auth, select, ping };
    struct Free {
        void operator()(redisContext* context) const { redisFree(context); }
        void operator()(redisReader* reader) const { redisReaderFree(reader); }
    };

    [[nodiscard]] std::optional<DialResult> connect();
    [[nodiscard]] std::optional<DialResult> connected(base::Instant now);
    [[nodiscard]] std::optional<DialResult> talk(base::Instant now);
    void log_in();
    void ask(Asked what, std::initializer_list<std::string_view> words);
    [[nodiscard]] std::optional<DialResult> hear();
    [[nodiscard]] std::optional<DialResult> hear_hello(base::Instant now);
    [[nodiscard]] DialResult refused_with(std::string_view error) const;
    [[nodiscard]] DialResult hand_over(base::Instant now, bool resp3);

    DialRequest request_;
    const settings::UpstreamTls& tls_settings_;
    std::function<void(DialResult)> done_;
    base::Instant begun_;
    DialSteps steps_;
    std::unique_ptr<redisContext, Free> context_;  // until it is connected
    std::unique_ptr<RedisConversation> talk_;      // from then on
    std::unique_ptr<redisReader, Free> reader_;
    std::vector<Endpoint> endpoints_;
    std::size_t present_ = 0;
    std::vector<Asked> asked_;
    std::size_t answered_ = 0;
    bool said_hello_ = false;  // HELLO 3
};

// What the server's error means that answered AUTH, SELECT or PING. `text` is the whole error.
[[nodiscard]] telemetry::CreateFailure classify_redis_failure(std::string_view text);

}  // namespace weir::upstream
