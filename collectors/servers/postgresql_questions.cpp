// PostgreSQL by libpq. Nothing that it is told comes from the environment or from files of the
// account that the agent runs as.
#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <charconv>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "collectors/servers/questions.h"

namespace weir::collectors {
namespace {

struct Finish {
    void operator()(PGconn* handle) const { PQfinish(handle); }
};
struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Handle = std::unique_ptr<PGconn, Finish>;
using Result = std::unique_ptr<PGresult, Clear>;

constexpr const char* no_file = "/dev/null/none";  // can't exist

// backend_type is shown to pg_monitor only; whoever may not see it counts every session of a role
// in a database, parallel workers included.
constexpr const char* question =
    "SELECT pg_catalog.current_setting('max_connections'),"
    " pg_catalog.current_setting('superuser_reserved_connections')::int"
    " + coalesce(pg_catalog.current_setting('reserved_connections', true)::int, 0),"
    " (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity"
    "   WHERE backend_type = 'client backend'"
    "    OR (backend_type IS NULL AND usesysid IS NOT NULL AND datid IS NOT NULL))";

void ignore_notice(void*, const PGresult*) {}

Handle begin(const settings::Upstream& upstream, const Place& place, settings::Target target) {
    const auto limit = std::chrono::ceil<std::chrono::milliseconds>(upstream.connect_timeout);
    const settings::UpstreamTls& tls = upstream.tls;
    const settings::Observe& observe = upstream.observe;
    const auto file = [](const std::string& path) { return path.empty() ? no_file : path.c_str(); };
    const std::string options = fmt::format("-c statement_timeout={}", limit.count());
    const std::string mode(base::word(tls.mode));
    const std::string session(base::word(target));
    std::vector<std::pair<const char*, const char*>> parameters{
        {"host", place.host.c_str()},
        {"port", place.port.c_str()},
        {"dbname", observe.database.empty() ? "postgres" : observe.database.c_str()},
        {"user", observe.user.c_str()},
        {"password", observe.password.reveal().data()},
        {"passfile", no_file},
        {"application_name", "weir observer"},
        {"options", options.c_str()},
        {"sslmode", mode.c_str()},
        {"sslrootcert", file(tls.ca)},
        {"sslcert", file(tls.cert)},
        {"sslkey", file(tls.key)},
        {"sslcrl", no_file},
        {"ssl_min_protocol_version", "TLSv1.2"},
        {"gssencmode", "disable"},
        {"target_session_attrs", session.c_str()},
    };
    if (!place.numeric.empty()) parameters.emplace_back("hostaddr", place.numeric.c_str());
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : parameters) {
        keywords.push_back(keyword);
        values.push_back(value);
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    return Handle(PQconnectStartParams(keywords.data(), values.data(), 0));
}

tl::unexpected<base::Error> said(const Handle& handle) {
    return base::error(first_line(PQerrorMessage(handle.get())));
}

base::Result<void> connect(const Handle& handle, const Patience& patience) {
    if (PQstatus(handle.get()) == CONNECTION_BAD) return said(handle);
    PQsetNoticeReceiver(handle.get(), &ignore_notice, nullptr);
    // libpq documentation, PQconnectStartParams: the first wait is for writing.
    PostgresPollingStatusType step = PGRES_POLLING_WRITING;
    while (step != PGRES_POLLING_OK) {
        if (step == PGRES_POLLING_FAILED) return said(handle);
        const short events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        const auto ready = patience.wait_for(PQsocket(handle.get()), events);
        if (!ready) return tl::make_unexpected(ready.error());
        step = PQconnectPoll(handle.get());
    }
    return {};
}

base::Result<Result> put(const Handle& handle, const Patience& patience) {
    if (PQsendQuery(handle.get(), question) == 0) return said(handle);
    Result last;
    for (;;) {
        while (PQisBusy(handle.get()) != 0) {
            const auto ready = patience.wait_for(PQsocket(handle.get()), POLLIN);
            if (!ready) return tl::make_unexpected(ready.error());
            if (PQconsumeInput(handle.get()) == 0) return said(handle);
        }
        Result result(PQgetResult(handle.get()));
        if (result == nullptr) break;
        last = std::move(result);
    }
    if (last == nullptr || PQresultStatus(last.get()) != PGRES_TUPLES_OK) return said(handle);
    return last;
}

std::optional<std::uint64_t> number(const Result& result, int column) {
    const std::string_view text = PQgetvalue(result.get(), 0, column);
    std::uint64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc()) return std::nullopt;
    return value;
}

}  // namespace

Asked ask_postgresql(const settings::Upstream& upstream, const Place& place,
                     settings::Target target, const Patience& patience) {
    Handle handle = begin(upstream, place, target);
    if (handle == nullptr) return base::error("no memory for a connection");
    if (auto connected = connect(handle, patience); !connected) {
        return tl::make_unexpected(connected.error());
    }
    const auto result = put(handle, patience);
    if (!result) return tl::make_unexpected(result.error());
    if (PQntuples(result->get()) != 1 || PQnfields(result->get()) != 3) {
        return base::error("what answers is no PostgreSQL server");
    }
    Answer answer;
    answer.reading.max_connections = number(*result, 0);
    answer.reading.reserved = number(*result, 1);
    answer.reading.connections = number(*result, 2);
    answer.left = copy_of(PQsocket(handle.get()));
    handle.reset();  // sends Terminate
    return answer;
}

}  // namespace weir::collectors
