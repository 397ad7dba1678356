// One connect under way: the library's non-blocking handshake, then the statement that switches the
// trackers on, as a state machine that its dial thread feeds with readiness. It waits for nothing
// itself, but for the TLS handshake, which the library does in one go. The dial thread only. The
// next address is tried when one can't be connected to.
// Source: MariaDB documentation, "Using the Non-blocking Library".
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "settings/settings.h"
#include "upstream/address.h"
#include "upstream/dialer.h"
#include "upstream/mysql_library.h"
#include "upstream/mysql_options.h"

namespace weir::upstream {

class MysqlAttempt {
  public:
    using Thread = MysqlThread;

    // `upstream` outlives it.
    MysqlAttempt(DialRequest request, std::function<void(DialResult)> done,
                 const settings::Upstream& upstream, base::Instant now);

    // Begins the connect once names are addresses; like advance(), the result when it is over
    // already.
    [[nodiscard]] std::optional<DialResult> start(std::vector<Endpoint> endpoints,
                                                  base::Instant now);
    [[nodiscard]] bool started() const { return handle_ != nullptr; }
    // The descriptor and the poll(2) events that it waits for. Precondition: started().
    [[nodiscard]] int fd() const { return static_cast<int>(mysql_get_socket(handle_.get())); }
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
    enum class Step : std::uint8_t { connecting, tracking };

    [[nodiscard]] std::optional<DialResult> connect(base::Instant now);
    [[nodiscard]] std::optional<DialResult> connect_over(base::Instant now);
    void note_step(base::Instant now);
    [[nodiscard]] std::optional<DialResult> track(base::Instant now);
    [[nodiscard]] std::optional<DialResult> track_over(base::Instant now);
    [[nodiscard]] DialResult established(bool tracked, base::Instant now);
    [[nodiscard]] DialResult failed() const;

    DialRequest request_;
    std::function<void(DialResult)> done_;
    const settings::Upstream& upstream_;
    base::Instant begun_;
    DialSteps steps_;
    std::vector<Endpoint> endpoints_;
    std::size_t present_ = 0;
    MysqlTarget target_;  // the library reads its arguments until it is through with them
    std::optional<MysqlSteering> steering_;
    MysqlHandle handle_;
    Step step_ = Step::connecting;
    int waits_for_ = 0;           // MYSQL_WAIT_…
    MYSQL* connected_ = nullptr;  // the library's answer
    int query_failed_ = 0;        // likewise
};

}  // namespace weir::upstream
