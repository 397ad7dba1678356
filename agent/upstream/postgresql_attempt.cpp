#include "upstream/postgresql_attempt.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "upstream/postgresql_failure.h"
#include "upstream/postgresql_parameters.h"

namespace weir::upstream {
namespace {

using telemetry::CreateFailure;

void ignore_notice(void*, const PGresult*) {}

PGconn* start_connect(const ConnectParameters& parameters, const settings::Secret& password) {
    std::vector<const char*> keywords{"password"};
    std::vector<const char*> values{password.reveal().data()};
    for (const auto& [keyword, value] : parameters) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    return PQconnectStartParams(keywords.data(), values.data(), 0);
}

}  // namespace

PostgresqlAttempt::PostgresqlAttempt(DialRequest request, std::function<void(DialResult)> done,
                                     const settings::Upstream& upstream, base::Instant now)
    : request_(std::move(request)), done_(std::move(done)), upstream_(upstream), begun_(now) {}

std::optional<DialResult> PostgresqlAttempt::start(std::vector<Endpoint> endpoints,
                                                   base::Duration limit, base::Instant now) {
    endpoints_ = std::move(endpoints);
    share_ = limit / static_cast<std::int64_t>(endpoints_.size());
    return connect(now);
}

std::optional<DialResult> PostgresqlAttempt::pass_over(base::Instant now) {
    endpoints_.erase(endpoints_.begin() + static_cast<std::ptrdiff_t>(present_));
    return connect(now);
}

// libpq tells by the connection's host, address and port where it is.
void PostgresqlAttempt::note_present(base::Instant now) {
    PGconn* const handle = connection_->handle();
    const std::string_view host = PQhost(handle);
    const std::string_view address = PQhostaddr(handle);
    const std::string_view port = PQport(handle);
    const auto found =
        std::find_if(endpoints_.begin(), endpoints_.end(), [&](const Endpoint& endpoint) {
            return endpoint.host == host && endpoint.port == port &&
                   (endpoint.numeric.empty() || address.empty() || endpoint.numeric == address);
        });
    if (found == endpoints_.end()) return;
    const auto index = static_cast<std::size_t>(found - endpoints_.begin());
    if (index == present_ && patience_ends_ != base::Instant::max()) return;
    present_ = index;
    const bool limited = share_.count() > 0 && endpoints_.size() > 1;
    patience_ends_ = limited ? now + share_ : base::Instant::max();
}

void PostgresqlAttempt::note_step(base::Instant now) {
    const ConnStatusType status = PQstatus(connection_->handle());
    switch (status) {
        case CONNECTION_BAD:
            return;
        case CONNECTION_NEEDED:
        case CONNECTION_STARTED:
            steps_.begin_anew();
            return;
        default:
            break;
    }
    steps_.note(&DialSteps::connected, now);
    if (status == CONNECTION_MADE || status == CONNECTION_SSL_STARTUP) return;
    if (PQsslInUse(connection_->handle()) != 0) steps_.note(&DialSteps::encrypted, now);
    if (status != CONNECTION_AWAITING_RESPONSE && status != CONNECTION_GSS_STARTUP) {
        steps_.note(&DialSteps::authenticated, now);
    }
}

std::optional<DialResult> PostgresqlAttempt::connect(base::Instant now) {
    present_ = 0;
    patience_ends_ = base::Instant::max();
    steps_.begin_anew();
    const settings::Secret password = request_.password.reveal_for(request_.tenant);
    if (request_.password.per_tenant() && password.empty()) {
        return failed(
            CreateFailure::auth,
            fmt::format("the password file of tenant \"{}\" is missing, unreadable or empty",
                        request_.tenant));
    }
    PGconn* handle = start_connect(
        connect_parameters(request_, endpoints_, upstream_.target, upstream_.tls), password);
    if (handle == nullptr) return failed(CreateFailure::refused, "no memory for a connection");
    connection_ = std::make_unique<PostgresqlConnection>(handle);
    PQsetErrorVerbosity(handle, PQERRORS_VERBOSE);
    PQsetNoticeReceiver(handle, &ignore_notice, nullptr);
    // libpq documentation, PQconnectStartParams: the first wait is for writing.
    events_ = POLLOUT;
    if (PQstatus(handle) == CONNECTION_BAD) return advance(now);
    note_present(now);
    return std::nullopt;
}

std::optional<DialResult> PostgresqlAttempt::advance(base::Instant now) {
    const PostgresPollingStatusType step = PQconnectPoll(connection_->handle());
    tls_.watch(connection_->handle());
    note_step(now);
    switch (step) {
        case PGRES_POLLING_READING:
            events_ = POLLIN;
            note_present(now);
            return std::nullopt;
        case PGRES_POLLING_WRITING:
            events_ = POLLOUT;
            note_present(now);
            return std::nullopt;
        case PGRES_POLLING_OK: {
            DialResult result = hand_over(std::move(connection_));
            if (result) result->took = now - begun_;
            return result;
        }
        default:
            return tl::make_unexpected(
                tls_.explained(classify_postgresql_failure(PQerrorMessage(connection_->handle()))));
    }
}

DialFailure PostgresqlAttempt::overdue(base::Duration limit) const {
    if (!started()) {
        return {CreateFailure::dns,
                {},
                fmt::format("host name not resolved within {} s", base::seconds(limit))};
    }
    const bool connected = PQstatus(connection_->handle()) != CONNECTION_STARTED;
    return {CreateFailure::timeout,
            {},
            fmt::format("{} within {} s",
                        connected ? "the server took the connection but did not answer"
                                  : "the server did not take the connection",
                        base::seconds(limit))};
}

}  // namespace weir::upstream
