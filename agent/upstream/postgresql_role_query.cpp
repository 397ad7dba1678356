// The thread of auth.query: takes one question after the other and waits in poll(2), for the server
// and for whoever wants it to stop.

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/fd.h"
#include "upstream/background_thread.h"
#include "upstream/dialer.h"
#include "upstream/postgresql_connection.h"
#include "upstream/role_query.h"

namespace weir::upstream {
namespace {

using std::chrono::milliseconds;

constexpr base::Duration calm = std::chrono::seconds(1);  // then others may have the seat
constexpr base::Duration idle_limit = std::chrono::minutes(1);
constexpr base::Duration seat_interval = milliseconds(100);
constexpr base::Duration goodbye_limit = std::chrono::seconds(5);
// The server's own statement_timeout comes first, so that nothing goes on running there.
constexpr base::Duration patience = std::chrono::seconds(1);

struct ClearResult {
    void operator()(PGresult* result) const { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, ClearResult>;

std::string first_line(const char* text) {
    const std::string all(text);
    return all.substr(0, all.find('\n'));
}

// character_not_in_repertoire, untranslatable_character (PostgreSQL documentation, Appendix A).
bool is_about_encoding(std::string_view sqlstate) {
    return sqlstate == "22021" || sqlstate == "22P05";
}

class PostgresqlRoleQuery final : public RoleQuery {
  public:
    PostgresqlRoleQuery(const settings::Upstream& upstream, const settings::Auth& auth, Seat& seat);
    ~PostgresqlRoleQuery() override;
    void ask(std::string name, std::function<void(RoleAnswer)> done) override;
    void seat_moved() override { wake(); }

  private:
    struct Question {
        std::string name;
        std::function<void(RoleAnswer)> done;
    };

    void run();
    [[nodiscard]] bool stopping();
    std::optional<Question> next();
    void rest();
    RoleAnswer look_up(const std::string& name);
    [[nodiscard]] RoleAnswer read_role(const std::string& name, const PGresult& result) const;
    base::Result<void> connect();
    base::Result<void> take_seat();
    DialResult dial();
    void learn_unknown();
    void disconnect();
    // The last result of `sql`; nothing when the connection is lost or the time is up.
    base::Result<ResultHandle> run_query(const std::string& sql,
                                         const std::vector<const char*>& values);
    // Until the connection is readable (if there is one), somebody wakes us or `until` has come.
    void wait(std::optional<base::Instant> until, bool watch_connection);
    void refuse_all(const std::string& why);
    void wake() const { eventfd_write(wakeup_.get(), 1); }

    const settings::Auth auth_;
    const base::Duration limit_;
    Seat& seat_;
    const base::Fd wakeup_;

    std::mutex mutex_;
    std::deque<Question> queue_;
    std::optional<DialResult> dialed_;
    bool stop_ = false;

    // The thread's own.
    std::unique_ptr<PostgresqlConnection> connection_;
    base::Instant used_{};
    bool resting_ = false;
    Role unknown_;  // what is said of a role that there is not
    std::unique_ptr<Dialer> dialer_;
    std::thread thread_;
};

PostgresqlRoleQuery::PostgresqlRoleQuery(const settings::Upstream& upstream,
                                         const settings::Auth& auth, Seat& seat)
    : auth_(auth),
      limit_(upstream.connect_timeout),
      seat_(seat),
      wakeup_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      dialer_(make_postgresql_dialer(upstream)) {}

PostgresqlRoleQuery::~PostgresqlRoleQuery() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake();
    if (thread_.joinable()) thread_.join();
}

void PostgresqlRoleQuery::ask(std::string name, std::function<void(RoleAnswer)> done) {
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back({std::move(name), std::move(done)});
        if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    }
    wake();
}

void PostgresqlRoleQuery::run() {
    enter_background_thread("weir-roles");
    while (!stopping()) {
        const auto question = next();
        if (!question) {
            rest();
            continue;
        }
        auto answer = look_up(question->name);
        if (stopping()) break;
        // What can't be asked now can't for those behind it either: they need not wait each in
        // turn. Whoever asks after the answer is a new try.
        if (connection_ == nullptr && !answer) refuse_all(answer.error().message);
        question->done(std::move(answer));
    }
    disconnect();
}

bool PostgresqlRoleQuery::stopping() {
    const std::lock_guard lock(mutex_);
    return stop_;
}

std::optional<PostgresqlRoleQuery::Question> PostgresqlRoleQuery::next() {
    const std::lock_guard lock(mutex_);
    if (queue_.empty()) return std::nullopt;
    Question question = std::move(queue_.front());
    queue_.pop_front();
    return question;
}

void PostgresqlRoleQuery::refuse_all(const std::string& why) {
    std::deque<Question> queue;
    {
        const std::lock_guard lock(mutex_);
        queue.swap(queue_);
    }
    for (const Question& question : queue) question.done(base::error(why));
}

// Nobody asks. A connection that its server ends goes at once, one without use after a while.
void PostgresqlRoleQuery::rest() {
    if (connection_ == nullptr) {
        wait(std::nullopt, false);
        return;
    }
    if (!resting_ && base::Clock::now() - used_ >= calm) {
        resting_ = true;
        seat_.rest(true);
    }
    const bool taken_back = resting_ && seat_.wanted_back();
    if (!taken_back) wait(used_ + (resting_ ? idle_limit : calm), true);
    if (taken_back || PQconsumeInput(connection_->handle()) == 0 ||
        base::Clock::now() - used_ >= idle_limit) {
        disconnect();
    }
}

RoleAnswer PostgresqlRoleQuery::look_up(const std::string& name) {
    while (true) {
        if (std::exchange(resting_, false)) seat_.rest(false);
        const bool fresh = connection_ == nullptr;
        if (fresh) {
            if (auto connected = connect(); !connected)
                return tl::make_unexpected(connected.error());
        }
        auto result = run_query(auth_.query, {name.c_str()});
        used_ = base::Clock::now();
        if (result) return read_role(name, **result);
        const bool lost = PQstatus(connection_->handle()) == CONNECTION_BAD;
        disconnect();
        // One of before may have died unseen: then a new one is tried, once.
        if (!lost || fresh || stopping()) return tl::make_unexpected(result.error());
    }
}

// A name that the encoding of the database can't hold is nobody's.
RoleAnswer PostgresqlRoleQuery::read_role(const std::string& name, const PGresult& result) const {
    if (PQresultStatus(&result) != PGRES_TUPLES_OK) {
        const char* const state = PQresultErrorField(&result, PG_DIAG_SQLSTATE);
        if (state != nullptr && is_about_encoding(state)) return unknown_;
        const char* const message = PQresultErrorField(&result, PG_DIAG_MESSAGE_PRIMARY);
        return base::error(fmt::format("auth.query: {}", message == nullptr ? "failed" : message));
    }
    if (PQnfields(&result) != 2) {
        return base::error("auth.query: expected two columns, the name and the verifier");
    }
    Role role = unknown_;
    for (int row = 0; row < PQntuples(&result); ++row) {
        // The server cuts long names: a role of another name is no answer.
        if (PQgetvalue(&result, row, 0) == name && PQgetisnull(&result, row, 1) == 0) {
            role.verifier = settings::Secret::of(PQgetvalue(&result, row, 1));
        }
    }
    return role;
}

base::Result<void> PostgresqlRoleQuery::connect() {
    if (auto seated = take_seat(); !seated) return seated;
    auto dialed = dial();
    if (!dialed) {
        seat_.not_connected(dialed.error().reason == telemetry::CreateFailure::too_many);
        return base::error(dialed.error().message);
    }
    seat_.connected(dialed->took);
    // This room's dialer gives no other owner.
    connection_.reset(static_cast<PostgresqlConnection*>(dialed->connection.release()));
    learn_unknown();
    return {};
}

base::Result<void> PostgresqlRoleQuery::take_seat() {
    const base::Instant until = base::Clock::now() + limit_;
    while (!seat_.take()) {
        const base::Instant now = base::Clock::now();
        if (now >= until || stopping()) {
            seat_.not_connected(false);
            return base::error("every connection of its max_connections is in use");
        }
        wait(now + seat_interval, false);
    }
    return {};
}

DialResult PostgresqlRoleQuery::dial() {
    DialRequest request;
    request.database = auth_.query_database;
    request.user = auth_.query_user;
    request.password = auth_.query_password;
    request.application_name = "weir auth";
    const auto limit = std::chrono::ceil<milliseconds>(limit_).count();
    request.options.emplace_back("statement_timeout", std::to_string(limit));
    dialer_->dial(std::move(request), [this](DialResult result) {
        {
            const std::lock_guard lock(mutex_);
            dialed_ = std::move(result);
        }
        wake();
    });
    while (true) {  // the dialer has a deadline of its own
        {
            const std::lock_guard lock(mutex_);
            if (stop_) {
                return tl::make_unexpected(
                    DialFailure{telemetry::CreateFailure::refused, {}, "shutting down"});
            }
            if (dialed_) return std::move(*std::exchange(dialed_, std::nullopt));
        }
        wait(std::nullopt, false);
    }
}

// Whatever the server would do with a name that it does not know, its roles are likely to look
// like.
void PostgresqlRoleQuery::learn_unknown() {
    unknown_ = Role();
    PGconn* const handle = connection_->handle();
    if (const char* const value = PQparameterStatus(handle, "scram_iterations")) {
        const std::string_view text(value);
        std::from_chars(text.data(), text.data() + text.size(), unknown_.unknown_iterations);
    }
    const auto result = run_query("SHOW password_encryption", {});
    unknown_.unknown_by_md5 = result && PQntuples(result->get()) == 1 &&
                              std::string_view(PQgetvalue(result->get(), 0, 0)) == "md5";
}

void PostgresqlRoleQuery::disconnect() {
    if (connection_ == nullptr) return;
    seat_.closing();
    // The seat is free when the server has left it, not before.
    const int fd = connection_->fd();
    if (::shutdown(fd, SHUT_WR) == 0 && !stopping()) {
        const base::Instant until = base::Clock::now() + goodbye_limit;
        char ignored[256];
        while (base::Clock::now() < until) {
            pollfd polled{fd, POLLIN, 0};
            const auto left = std::chrono::ceil<milliseconds>(until - base::Clock::now());
            if (::poll(&polled, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) <=
                    0 ||
                ::recv(fd, ignored, sizeof ignored, 0) <= 0) {
                break;
            }
        }
    }
    connection_.reset();
    seat_.closed();
    resting_ = false;
}

base::Result<ResultHandle> PostgresqlRoleQuery::run_query(const std::string& sql,
                                                          const std::vector<const char*>& values) {
    PGconn* const handle = connection_->handle();
    const base::Instant until = base::Clock::now() + limit_ + patience;
    if (PQsendQueryParams(handle, sql.c_str(), static_cast<int>(values.size()), nullptr,
                          values.data(), nullptr, nullptr, 0) == 0) {
        return base::error(first_line(PQerrorMessage(handle)));
    }
    ResultHandle last;
    while (true) {
        while (PQisBusy(handle) != 0) {
            if (base::Clock::now() >= until) {
                return base::error(
                    fmt::format("no answer to auth.query within {} s", base::seconds(limit_)));
            }
            if (stopping()) return base::error("shutting down");
            wait(until, true);
            if (PQconsumeInput(handle) == 0) return base::error(first_line(PQerrorMessage(handle)));
        }
        ResultHandle result(PQgetResult(handle));
        if (result == nullptr) break;
        last = std::move(result);
    }
    if (PQstatus(handle) == CONNECTION_BAD || last == nullptr) {
        return base::error(first_line(PQerrorMessage(handle)));
    }
    return last;
}

void PostgresqlRoleQuery::wait(std::optional<base::Instant> until, bool watch_connection) {
    int limit = -1;
    if (until) {
        const auto left = std::chrono::ceil<milliseconds>(*until - base::Clock::now()).count();
        limit = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
    }
    pollfd polled[] = {{wakeup_.get(), POLLIN, 0},
                       {watch_connection ? connection_->fd() : -1, POLLIN, 0}};
    static_cast<void>(::poll(polled, 2, limit));
    eventfd_t ignored = 0;
    static_cast<void>(eventfd_read(wakeup_.get(), &ignored));
}

}  // namespace

std::unique_ptr<RoleQuery> make_postgresql_role_query(const settings::Upstream& upstream,
                                                      const settings::Auth& auth, Seat& seat) {
    return std::make_unique<PostgresqlRoleQuery>(upstream, auth, seat);
}

}  // namespace weir::upstream
