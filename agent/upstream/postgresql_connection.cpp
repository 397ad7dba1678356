#include "upstream/postgresql_connection.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>

#include "upstream/postgresql_tls.h"

namespace weir::upstream {
namespace {

class PostgresqlCancel final : public CancelHandle {
  public:
    explicit PostgresqlCancel(PGcancel* handle) : handle_(handle) {}
    ~PostgresqlCancel() override { PQfreeCancel(handle_); }
    PostgresqlCancel(const PostgresqlCancel&) = delete;
    PostgresqlCancel& operator=(const PostgresqlCancel&) = delete;

    // PQcancel() opens a connection of its own and returns at the server's end of file, after which
    // the signal has been sent. It only reads the handle, so threads may share one.
    bool cancel() override {
        std::array<char, 256> reason{};
        return PQcancel(handle_, reason.data(), static_cast<int>(reason.size())) == 1;
    }

  private:
    PGcancel* handle_;
};

// libpq can't enumerate what the server reported, so every GUC_REPORT parameter of PostgreSQL 10 to
// 18 is asked for; what a version does not report is left out.
constexpr std::array<const char*, 15> reported_parameters{"application_name",
                                                          "client_encoding",
                                                          "DateStyle",
                                                          "default_transaction_read_only",
                                                          "in_hot_standby",
                                                          "integer_datetimes",
                                                          "IntervalStyle",
                                                          "is_superuser",
                                                          "scram_iterations",
                                                          "search_path",
                                                          "server_encoding",
                                                          "server_version",
                                                          "session_authorization",
                                                          "standard_conforming_strings",
                                                          "TimeZone"};

bool make_nonblocking(int fd) {
    const int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

std::string address_of(PGconn* handle) {
    const std::string host = PQhost(handle);
    const bool bracketed = host.find(':') != std::string::npos && host.front() != '/';
    return (bracketed ? '[' + host + ']' : host) + ':' + PQport(handle);
}

DialFailure unusable(const char* why) { return {telemetry::CreateFailure::protocol, {}, why}; }

}  // namespace

PostgresqlConnection::~PostgresqlConnection() {
    // PQfinish() writes a Terminate, waiting for room if need be. Behind half a relayed message
    // those bytes would complete it; after the shutdown they go nowhere. Under TLS they go nowhere
    // either, since the library's own BIO has been replaced.
    if (PQstatus(handle_) == CONNECTION_OK) {
        static_cast<void>(PQsetnonblocking(handle_, 1));
        static_cast<void>(::shutdown(PQsocket(handle_), SHUT_WR));
    }
    PQfinish(handle_);
}

base::Result<Established, DialFailure> hand_over(std::unique_ptr<PostgresqlConnection> connection) {
    PGconn* handle = connection->handle();
    // What the server sent on its own behind ReadyForQuery (a ParameterStatus after a reload, a
    // notice) may be in libpq's buffer already. PQisBusy() reads no socket but parses whole
    // messages there, so that none is lost to the relay. Half a message can't be seen through
    // libpq's interface: its rest would be the relay's first bytes, no known message, and the
    // connection is closed as out of step.
    if (PQisBusy(handle) != 0 || PQtransactionStatus(handle) != PQTRANS_IDLE) {
        return tl::make_unexpected(unusable("the server is not ready after the login"));
    }
    if (!make_nonblocking(connection->fd())) {
        return tl::make_unexpected(unusable("the descriptor can't be made non-blocking"));
    }
    PGcancel* cancel = PQgetCancel(handle);
    if (cancel == nullptr) return tl::make_unexpected(unusable("no memory for a cancel key"));

    Established established;
    established.cancel = std::make_shared<PostgresqlCancel>(cancel);
    for (const char* name : reported_parameters) {
        const char* value = PQparameterStatus(handle, name);
        if (value != nullptr) established.parameters.emplace_back(name, value);
    }
    established.backend_pid = PQbackendPID(handle);
    established.address = address_of(handle);
    established.tls = take_tls(handle);
    established.connection = std::move(connection);
    return established;
}

}  // namespace weir::upstream
