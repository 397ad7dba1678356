// `weir test` through libpq.
#include <libpq-fe.h>
#include <poll.h>

#include <string>
#include <vector>

#include "cli/test_connection.h"

namespace weir::cli {
namespace {

using base::Clock;

struct ConnectionDeleter {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ResultDeleter {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, ConnectionDeleter>;
using Answer = std::unique_ptr<PGresult, ResultDeleter>;

class PostgresqlConnection final : public TestConnection {
  public:
    explicit PostgresqlConnection(Connection connection) : connection_(std::move(connection)) {}

    base::Result<void> transaction(base::Instant end) override {
        PGconn* const connection = connection_.get();
        if (PQsendQuery(connection, "SELECT 1") == 0) {
            return base::error(PQerrorMessage(connection));
        }
        while (PQisBusy(connection) != 0) {
            if (!await_bytes(end)) {
                silent_ = true;
                return base::error("no answer in time");
            }
            if (PQconsumeInput(connection) == 0) return base::error(PQerrorMessage(connection));
        }
        const Answer answer(PQgetResult(connection));
        while (Answer(PQgetResult(connection)) != nullptr) {
        }
        if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) {
            return base::error(PQresultErrorMessage(answer.get()));
        }
        return {};
    }
    [[nodiscard]] bool usable() const override {
        return !silent_ && PQstatus(connection_.get()) == CONNECTION_OK;
    }

  private:
    [[nodiscard]] bool await_bytes(base::Instant end) const {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        pollfd readable{PQsocket(connection_.get()), POLLIN, 0};
        return left > 0 && poll(&readable, 1, static_cast<int>(left)) == 1;
    }

    Connection connection_;
    bool silent_ = false;
};

}  // namespace

Connected connect_postgresql(const TestTarget& target) {
    // A dsn first, so that what we add goes on top of it.
    const std::string limit = std::to_string(test_connect_limit.count());
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : target.parameters) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    for (const auto& [keyword, value] : {std::pair{"fallback_application_name", "weir test"},
                                         {"connect_timeout", limit.c_str()}}) {
        keywords.push_back(keyword);
        values.push_back(value);
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    Connection connection(PQconnectdbParams(keywords.data(), values.data(), 1));
    if (PQstatus(connection.get()) != CONNECTION_OK) {
        return base::error(PQerrorMessage(connection.get()));
    }
    return std::make_unique<PostgresqlConnection>(std::move(connection));
}

}  // namespace weir::cli
