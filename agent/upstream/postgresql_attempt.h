// One connect under way: libpq's non-blocking handshake as a state machine that its dial thread
// feeds with readiness. It waits for nothing itself. The dial thread only. libpq goes on to the
// next address by itself when one refuses or does not fit; one that says nothing is passed over
// here.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "upstream/address.h"
#include "upstream/dialer.h"
#include "upstream/postgresql_connection.h"
#include "upstream/postgresql_tls.h"

namespace weir::upstream {

class PostgresqlAttempt {
  public:
    // `upstream` outlives it.
    PostgresqlAttempt(DialRequest request, std::function<void(DialResult)> done,
                      const settings::Upstream& upstream, base::Instant now);

    // Begins the connect once names are addresses; like advance(), the result when it is over
    // already.
    [[nodiscard]] std::optional<DialResult> start(std::vector<Endpoint> endpoints,
                                                  base::Duration limit, base::Instant now);
    [[nodiscard]] bool started() const { return connection_ != nullptr; }
    // The descriptor and the poll(2) events that it waits for. Precondition: started().
    [[nodiscard]] int fd() const { return connection_->fd(); }
    [[nodiscard]] short events() const { return events_; }
    [[nodiscard]] std::optional<DialResult> advance(base::Instant now);

    // When the address that is tried now, one of several, has had its share of the limit.
    [[nodiscard]] base::Instant patience_ends() const { return patience_ends_; }
    [[nodiscard]] const Endpoint& present() const { return endpoints_[present_]; }
    // Begins anew with the other addresses. Precondition: patience_ends() has come.
    [[nodiscard]] std::optional<DialResult> pass_over(base::Instant now);

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
    [[nodiscard]] std::optional<DialResult> connect(base::Instant now);
    void note_present(base::Instant now);
    void note_step(base::Instant now);

    DialRequest request_;
    std::function<void(DialResult)> done_;
    const settings::Upstream& upstream_;
    base::Instant begun_;
    DialSteps steps_;
    std::unique_ptr<PostgresqlConnection> connection_;
    PostgresqlTls tls_;
    short events_ = 0;
    std::vector<Endpoint> endpoints_;  // those that were not passed over
    std::size_t present_ = 0;
    base::Duration share_{};  // of each address; zero: no limit
    base::Instant patience_ends_ = base::Instant::max();
};

}  // namespace weir::upstream
