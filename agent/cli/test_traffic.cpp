#include "cli/test_traffic.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "cli/figures.h"

namespace weir::cli {
namespace {

using base::Clock;
using base::Instant;

// Latencies kept in all: more would only cost memory.
constexpr std::size_t most_latencies = 4'000'000;
// How long past the end an answer is waited for: the agent's own time-outs come first.
constexpr auto patience = std::chrono::seconds(15);
constexpr auto retry_after = std::chrono::milliseconds(100);

struct ConnectionDeleter {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ResultDeleter {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, ConnectionDeleter>;
using Answer = std::unique_ptr<PGresult, ResultDeleter>;

class Client {
  public:
    Client(const TestTarget& target, Instant end, std::size_t most_kept)
        : target_(target), end_(end), most_kept_(most_kept) {}

    void run() {
        while (Clock::now() < end_) {
            const Connection connection = connect();
            if (PQstatus(connection.get()) != CONNECTION_OK) {
                failed(PQerrorMessage(connection.get()));
                std::this_thread::sleep_for(retry_after);
                continue;
            }
            while (Clock::now() < end_ && PQstatus(connection.get()) == CONNECTION_OK) {
                if (!transaction(connection.get())) break;
            }
        }
    }

    std::uint64_t transactions = 0, errors = 0;
    std::string first_error;
    std::vector<float> latencies;

  private:
    [[nodiscard]] Connection connect() const {
        // A dsn first, so that what we add goes on top of it.
        std::vector<const char*> keywords;
        std::vector<const char*> values;
        for (const auto& [keyword, value] : target_.parameters) {
            keywords.push_back(keyword.c_str());
            values.push_back(value.c_str());
        }
        for (const auto& [keyword, value] :
             {std::pair{"fallback_application_name", "weir test"}, {"connect_timeout", "10"}}) {
            keywords.push_back(keyword);
            values.push_back(value);
        }
        keywords.push_back(nullptr);
        values.push_back(nullptr);
        return Connection(PQconnectdbParams(keywords.data(), values.data(), 1));
    }

    // False when the connection is of no use any more.
    bool transaction(PGconn* connection) {
        const Instant begun = Clock::now();
        if (PQsendQuery(connection, "SELECT 1") == 0) return failed(PQerrorMessage(connection));
        while (PQisBusy(connection) != 0) {
            if (!await_bytes(connection)) return failed("no answer in time");
            if (PQconsumeInput(connection) == 0) return failed(PQerrorMessage(connection));
        }
        const Answer answer(PQgetResult(connection));
        while (Answer(PQgetResult(connection)) != nullptr) {
        }
        if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) {
            failed(PQresultErrorMessage(answer.get()));
            return true;
        }
        ++transactions;
        if (latencies.size() < most_kept_) {
            latencies.push_back(static_cast<float>(base::seconds(Clock::now() - begun)));
        }
        return true;
    }

    [[nodiscard]] bool await_bytes(PGconn* connection) const {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(end_ + patience - Clock::now()).count();
        pollfd readable{PQsocket(connection), POLLIN, 0};
        return left > 0 && poll(&readable, 1, static_cast<int>(left)) == 1;
    }

    bool failed(std::string message) {
        ++errors;
        while (message.ends_with('\n')) message.pop_back();
        if (first_error.empty()) first_error = printable(message);
        return false;
    }

    const TestTarget& target_;
    const Instant end_;
    const std::size_t most_kept_;
};

}  // namespace

double quantile(std::vector<float>& values, double share) {
    if (values.empty()) return 0;
    const auto last = static_cast<double>(values.size() - 1);
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * last);
    std::nth_element(values.begin(), at, values.end());
    return static_cast<double>(*at);
}

TrafficResult drive_traffic(const TestTarget& target, unsigned clients,
                            std::chrono::seconds duration) {
    const Instant begun = Clock::now();
    std::vector<std::unique_ptr<Client>> all;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < clients; ++i) {
        all.push_back(std::make_unique<Client>(target, begun + duration, most_latencies / clients));
        threads.emplace_back([client = all.back().get()] { client->run(); });
    }
    for (std::thread& thread : threads) thread.join();

    TrafficResult result;
    result.seconds = base::seconds(Clock::now() - begun);
    std::vector<float> latencies;
    for (const auto& client : all) {
        result.transactions += client->transactions;
        result.errors += client->errors;
        if (result.first_error.empty()) result.first_error = client->first_error;
        latencies.insert(latencies.end(), client->latencies.begin(), client->latencies.end());
    }
    result.p50_seconds = quantile(latencies, 0.5);
    result.p99_seconds = quantile(latencies, 0.99);
    result.longest_seconds = quantile(latencies, 1);
    return result;
}

}  // namespace weir::cli
