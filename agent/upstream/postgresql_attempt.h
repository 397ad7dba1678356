// One connect under way: libpq's non-blocking handshake as a state machine that its dial thread
// feeds with readiness. It waits for nothing itself. The dial thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "upstream/address.h"
#include "upstream/dialer.h"
#include "upstream/postgresql_connection.h"

namespace weir::upstream {

class PostgresqlAttempt {
  public:
    PostgresqlAttempt(DialRequest request, std::function<void(DialResult)> done,
                      settings::Target target, base::Instant now);

    // Begins the connect once names are addresses; like advance(), the result when it is over
    // already.
    [[nodiscard]] std::optional<DialResult> start(const std::vector<Endpoint>& endpoints,
                                                  base::Instant now);
    [[nodiscard]] bool started() const { return connection_ != nullptr; }
    // The descriptor and the poll(2) events that it waits for. Precondition: started().
    [[nodiscard]] int fd() const { return connection_->fd(); }
    [[nodiscard]] short events() const { return events_; }
    [[nodiscard]] std::optional<DialResult> advance(base::Instant now);

    [[nodiscard]] base::Instant begun() const { return begun_; }
    // Why it has not come further, for the deadline's message.
    [[nodiscard]] DialFailure overdue(base::Duration limit) const;
    void finish(DialResult result) { done_(std::move(result)); }

  private:
    DialRequest request_;
    std::function<void(DialResult)> done_;
    settings::Target target_;
    base::Instant begun_;
    std::unique_ptr<PostgresqlConnection> connection_;
    short events_ = 0;
};

}  // namespace weir::upstream
