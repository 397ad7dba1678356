#include "upstream/mysql_attempt.h"

#include <errmsg.h>
#include <fmt/format.h>
#include <poll.h>

#include <string_view>
#include <utility>

#include "upstream/mysql_cancel.h"
#include "upstream/mysql_capabilities.h"
#include "upstream/mysql_connection.h"
#include "upstream/mysql_failure.h"
#include "upstream/mysql_options.h"

namespace weir::upstream {
namespace {

using telemetry::CreateFailure;

constexpr std::string_view switch_trackers_on =
    "SET session_track_system_variables='*', session_track_schema=ON, "
    "session_track_state_change=ON, session_track_transaction_info='CHARACTERISTICS'";

DialResult failed_with(CreateFailure reason, std::string message) {
    return tl::make_unexpected(DialFailure{reason, {}, std::move(message)});
}

}  // namespace

MysqlAttempt::MysqlAttempt(DialRequest request, std::function<void(DialResult)> done,
                           const settings::Upstream& upstream, base::Instant now)
    : request_(std::move(request)), done_(std::move(done)), upstream_(upstream), begun_(now) {}

short MysqlAttempt::events() const {
    int events = 0;
    if ((waits_for_ & MYSQL_WAIT_READ) != 0) events |= POLLIN;
    if ((waits_for_ & MYSQL_WAIT_WRITE) != 0) events |= POLLOUT;
    if ((waits_for_ & MYSQL_WAIT_EXCEPT) != 0) events |= POLLPRI;
    return static_cast<short>(events);
}

std::optional<DialResult> MysqlAttempt::start(std::vector<Endpoint> endpoints, base::Instant now) {
    endpoints_ = std::move(endpoints);
    const settings::Secret password = request_.password.reveal_for(request_.tenant);
    if (request_.password.per_tenant() && password.empty()) {
        return failed_with(
            CreateFailure::auth,
            fmt::format("the password file of tenant \"{}\" is missing, unreadable or empty",
                        request_.tenant));
    }
    request_.password = password;
    return connect(now);
}

std::optional<DialResult> MysqlAttempt::connect(base::Instant now) {
    const Endpoint& endpoint = endpoints_[present_];
    steps_.begin_anew();
    handle_ = make_mysql_handle();
    if (handle_ == nullptr) return failed_with(CreateFailure::refused, "no memory");
    mysql_options(handle_.get(), MYSQL_OPT_NONBLOCK, nullptr);
    steering_.emplace(
        prepare_mysql(handle_.get(), endpoint, upstream_.tls, request_, upstream_.connect_timeout));
    target_ = mysql_target(endpoint);
    const SteeredMysql steered(*steering_);
    step_ = Step::connecting;
    waits_for_ = mysql_real_connect_start(
        &connected_, handle_.get(), target_.host.c_str(), request_.user.c_str(),
        request_.password.reveal().data(),
        request_.database.empty() ? nullptr : request_.database.c_str(), target_.port,
        target_.unix_socket(), mysql_connect_flags(request_));
    note_step(now);
    return waits_for_ == 0 ? connect_over(now) : std::nullopt;
}

std::optional<DialResult> MysqlAttempt::advance(short ready, base::Instant now) {
    int status = 0;
    if ((ready & POLLIN) != 0) status |= MYSQL_WAIT_READ;
    if ((ready & POLLOUT) != 0) status |= MYSQL_WAIT_WRITE;
    if ((ready & POLLPRI) != 0) status |= MYSQL_WAIT_EXCEPT;
    // Whatever it waited for: its next call comes to know of an error.
    if ((ready & (POLLERR | POLLHUP)) != 0) status |= waits_for_ & ~MYSQL_WAIT_TIMEOUT;
    const SteeredMysql steered(*steering_);
    if (step_ == Step::connecting) {
        waits_for_ = mysql_real_connect_cont(&connected_, handle_.get(), status);
        note_step(now);
        return waits_for_ == 0 ? connect_over(now) : std::nullopt;
    }
    waits_for_ = mysql_real_query_cont(&query_failed_, handle_.get(), status);
    return waits_for_ == 0 ? track_over(now) : std::nullopt;
}

// It has the connection once it waits for what the server says.
void MysqlAttempt::note_step(base::Instant now) {
    const bool through = waits_for_ == 0 && connected_ != nullptr;
    if (through || (waits_for_ & MYSQL_WAIT_READ) != 0) steps_.note(&DialSteps::connected, now);
    const char* const cipher = mysql_get_ssl_cipher(handle_.get());
    const bool encrypted = cipher != nullptr && std::string_view(cipher) != "(NONE)";
    if (encrypted) steps_.note(&DialSteps::encrypted, now);
    if (through) steps_.note(&DialSteps::authenticated, now);
}

std::optional<DialResult> MysqlAttempt::connect_over(base::Instant now) {
    if (connected_ != nullptr) return track(now);
    if (not_connected(mysql_errno(handle_.get())) && present_ + 1 < endpoints_.size()) {
        ++present_;
        return connect(now);
    }
    return failed();
}

std::optional<DialResult> MysqlAttempt::track(base::Instant now) {
    if ((handle_->client_flag & MysqlCapability::session_track) == 0) {
        return established(false, now);
    }
    step_ = Step::tracking;
    // The capability is the client's. Nobody may ask the library itself for a file.
    const unsigned no = 0;
    mysql_options(handle_.get(), MYSQL_OPT_LOCAL_INFILE, &no);
    waits_for_ = mysql_real_query_start(&query_failed_, handle_.get(), switch_trackers_on.data(),
                                        switch_trackers_on.size());
    return waits_for_ == 0 ? track_over(now) : std::nullopt;
}

std::optional<DialResult> MysqlAttempt::track_over(base::Instant now) {
    if (query_failed_ != 0 && mysql_errno(handle_.get()) >= CR_MIN_ERROR) return failed();
    // A server that lacks one of the variables has said so, and is served without trackers.
    return established(query_failed_ == 0, now);
}

DialResult MysqlAttempt::established(bool tracked, base::Instant now) {
    DialResult result = hand_over(std::move(handle_), *steering_, request_.capabilities);
    if (!result) return result;
    const Endpoint& endpoint = endpoints_[present_];
    result->mysql.tracked = tracked;
    result->address = shown(endpoint);
    result->cancel =
        std::make_shared<MysqlCancel>(endpoint, upstream_.tls, request_, result->mysql.thread_id);
    result->took = now - begun_;
    return result;
}

DialResult MysqlAttempt::failed() const {
    if (steering_->lacked_tls) {
        return failed_with(CreateFailure::tls, "the server does not support TLS");
    }
    DialFailure failure = classify_mysql_failure(
        mysql_errno(handle_.get()), mysql_sqlstate(handle_.get()), mysql_error(handle_.get()));
    // The library does not say what it found wanting in a certificate of an authority it trusts.
    const bool of_another =
        !steering_->verified_name.empty() &&
        failure.message.find("Validation of SSL server certificate") != std::string::npos;
    if (of_another) {
        failure.message += fmt::format(": it is not for host \"{}\"", steering_->verified_name);
    }
    return tl::make_unexpected(std::move(failure));
}

DialFailure MysqlAttempt::overdue(base::Duration limit) const {
    const std::string_view what = !started() ? "host name not resolved"
                                  : (waits_for_ & MYSQL_WAIT_WRITE) != 0
                                      ? "the server did not take the connection"
                                      : "the server took the connection but did not answer";
    return {started() ? CreateFailure::timeout : CreateFailure::dns,
            {},
            fmt::format("{} within {} s", what, base::seconds(limit))};
}

}  // namespace weir::upstream
