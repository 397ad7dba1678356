// The dial thread of one PostgreSQL upstream: a poll(2) over at most 8 connects in flight.

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <deque>
#include <list>
#include <mutex>
#include <thread>

#include "base/fd.h"
#include "upstream/address.h"
#include "upstream/background_thread.h"
#include "upstream/dialer.h"
#include "upstream/postgresql_attempt.h"
#include "upstream/postgresql_parameters.h"
#include "upstream/resolver.h"

namespace weir::upstream {
namespace {

constexpr std::size_t most_in_flight = 8;
constexpr std::string_view default_port = "5432";
// An address that said nothing is tried after the others for this long.
constexpr base::Duration last_in_line = std::chrono::seconds(30);

class PostgresqlDialer final : public Dialer {
  public:
    explicit PostgresqlDialer(const settings::Upstream& upstream);
    ~PostgresqlDialer() override;
    void dial(DialRequest request, std::function<void(DialResult)> done) override;

  private:
    struct Asked {
        DialRequest request;
        std::function<void(DialResult)> done;
    };
    using Attempts = std::list<PostgresqlAttempt>;

    void run();
    [[nodiscard]] bool stopping();
    void begin_queued();
    void wait();
    void advance_ready();
    void begin_resolved();
    void end_overdue();
    void pass_over_stalled();
    [[nodiscard]] std::vector<Endpoint> in_order(std::vector<Endpoint> endpoints);
    void start(Attempts::iterator attempt, const std::vector<Endpoint>& endpoints);
    void end(Attempts::iterator attempt, DialResult result);
    [[nodiscard]] int poll_timeout() const;
    void wake() const { eventfd_write(wakeup_.get(), 1); }

    const base::Result<std::vector<Endpoint>> endpoints_;
    const bool needs_resolving_;
    const settings::Upstream upstream_;
    const base::Duration limit_;  // zero: none
    const base::Fd wakeup_;

    std::mutex mutex_;
    std::deque<Asked> queue_;
    bool stop_ = false;
    std::thread thread_;

    // The dial thread's own.
    Resolver resolver_;
    Attempts attempts_;  // in the order of their beginning, which is the order of their deadlines
    std::vector<pollfd> polled_;
    std::vector<std::pair<Endpoint, base::Instant>> stalled_;  // and until when they come last
};

PostgresqlDialer::PostgresqlDialer(const settings::Upstream& upstream)
    : endpoints_(parse_address(upstream.address, default_port)),
      needs_resolving_(endpoints_ &&
                       std::any_of(endpoints_->begin(), endpoints_->end(),
                                   [](const Endpoint& e) { return e.needs_resolving(); })),
      upstream_(upstream),
      limit_(upstream.connect_timeout),
      wakeup_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      resolver_([this] { wake(); }) {
    assert(wakeup_);
    isolate_from_environment();
}

PostgresqlDialer::~PostgresqlDialer() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake();
    if (thread_.joinable()) thread_.join();
}

void PostgresqlDialer::dial(DialRequest request, std::function<void(DialResult)> done) {
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back({std::move(request), std::move(done)});
        if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    }
    wake();
}

void PostgresqlDialer::run() {
    enter_background_thread("weir-dial");
    while (!stopping()) {
        begin_queued();
        wait();
        advance_ready();
        begin_resolved();
        end_overdue();
        pass_over_stalled();
    }
}

bool PostgresqlDialer::stopping() {
    const std::lock_guard lock(mutex_);
    return stop_;
}

void PostgresqlDialer::begin_queued() {
    while (attempts_.size() < most_in_flight) {
        Asked asked;
        {
            const std::lock_guard lock(mutex_);
            if (queue_.empty() || stop_) return;
            asked = std::move(queue_.front());
            queue_.pop_front();
        }
        const auto attempt =
            attempts_.emplace(attempts_.end(), std::move(asked.request), std::move(asked.done),
                              upstream_, base::Clock::now());
        if (!endpoints_) {
            end(attempt, tl::make_unexpected(DialFailure{
                             telemetry::CreateFailure::dns, {}, endpoints_.error().message}));
        } else if (needs_resolving_) {
            resolver_.ask(*endpoints_);
        } else {
            start(attempt, *endpoints_);
        }
    }
}

void PostgresqlDialer::wait() {
    polled_.assign(1, {wakeup_.get(), POLLIN, 0});
    for (const PostgresqlAttempt& attempt : attempts_) {
        // An attempt that waits for its address has no descriptor yet; poll() skips -1.
        polled_.push_back({attempt.started() ? attempt.fd() : -1,
                           attempt.started() ? attempt.events() : short{0}, 0});
    }
    static_cast<void>(::poll(polled_.data(), polled_.size(), poll_timeout()));
    eventfd_t ignored = 0;
    static_cast<void>(eventfd_read(wakeup_.get(), &ignored));
}

void PostgresqlDialer::advance_ready() {
    // polled_ is in the order of attempts_, to which nothing was added or removed since.
    auto attempt = attempts_.begin();
    for (std::size_t i = 1; i < polled_.size() && attempt != attempts_.end(); ++i) {
        const auto present = attempt++;
        if (polled_[i].revents == 0) continue;
        if (auto result = present->advance(base::Clock::now())) end(present, std::move(*result));
    }
}

void PostgresqlDialer::begin_resolved() {
    const std::unique_ptr<Resolution> answer = resolver_.take();
    if (answer == nullptr) return;
    for (auto attempt = attempts_.begin(); attempt != attempts_.end();) {
        const auto present = attempt++;
        if (present->started()) continue;
        if (*answer) {
            present->resolved(base::Clock::now());
            start(present, **answer);
        } else {
            end(present, tl::make_unexpected(DialFailure{
                             telemetry::CreateFailure::dns, {}, answer->error().message}));
        }
    }
}

void PostgresqlDialer::end_overdue() {
    if (limit_ == base::Duration::zero()) return;
    const base::Instant now = base::Clock::now();
    while (!attempts_.empty() && now - attempts_.front().begun() >= limit_) {
        end(attempts_.begin(), tl::make_unexpected(attempts_.front().overdue(limit_)));
    }
}

void PostgresqlDialer::pass_over_stalled() {
    const base::Instant now = base::Clock::now();
    for (auto attempt = attempts_.begin(); attempt != attempts_.end();) {
        const auto present = attempt++;
        if (now < present->patience_ends()) continue;
        const Endpoint stalled = present->present();
        std::erase_if(stalled_, [&](const auto& known) { return known.first == stalled; });
        stalled_.emplace_back(stalled, now + last_in_line);
        if (auto result = present->pass_over(now)) end(present, std::move(*result));
    }
}

std::vector<Endpoint> PostgresqlDialer::in_order(std::vector<Endpoint> endpoints) {
    const base::Instant now = base::Clock::now();
    std::erase_if(stalled_, [now](const auto& known) { return known.second <= now; });
    std::stable_partition(endpoints.begin(), endpoints.end(), [this](const Endpoint& endpoint) {
        return std::none_of(stalled_.begin(), stalled_.end(),
                            [&](const auto& known) { return known.first == endpoint; });
    });
    return endpoints;
}

void PostgresqlDialer::start(Attempts::iterator attempt, const std::vector<Endpoint>& endpoints) {
    if (auto result = attempt->start(in_order(endpoints), limit_, base::Clock::now())) {
        end(attempt, std::move(*result));
    }
}

void PostgresqlDialer::end(Attempts::iterator attempt, DialResult result) {
    Attempts over;
    over.splice(over.end(), attempts_, attempt);
    if (!stopping()) over.front().finish(std::move(result));
}

int PostgresqlDialer::poll_timeout() const {
    if (attempts_.empty() || limit_ == base::Duration::zero()) return -1;
    base::Instant next = attempts_.front().begun() + limit_;
    for (const PostgresqlAttempt& attempt : attempts_) {
        next = std::min(next, attempt.patience_ends());
    }
    const auto left = next - base::Clock::now();
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return static_cast<int>(std::clamp<std::int64_t>(whole, 0, 60'000));
}

}  // namespace

std::unique_ptr<Dialer> make_postgresql_dialer(const settings::Upstream& upstream) {
    return std::make_unique<PostgresqlDialer>(upstream);
}

}  // namespace weir::upstream
