#include "cli/test_traffic.h"

#include <algorithm>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "cli/figures.h"
#include "cli/test_connection.h"

namespace weir::cli {
namespace {

using base::Clock;
using base::Instant;

// Latencies kept in all: more would only cost memory.
constexpr std::size_t most_latencies = 4'000'000;
// How long past the end an answer is waited for: the agent's own time-outs come first.
constexpr auto patience = std::chrono::seconds(15);
constexpr auto retry_after = std::chrono::milliseconds(100);

Connected connect(const TestTarget& target, Instant end) {
    switch (target.engine) {
        case settings::Engine::mysql:
            return connect_mysql(target, end);
        case settings::Engine::redis:
            return connect_redis(target, end);
        case settings::Engine::postgresql:
            break;
    }
    return connect_postgresql(target);
}

class Client {
  public:
    Client(const TestTarget& target, Instant end, std::size_t most_kept)
        : target_(target), end_(end), most_kept_(most_kept) {}

    void run() {
        while (Clock::now() < end_) {
            const auto connection = connect(target_, end_ + patience);
            if (!connection) {
                failed(connection.error().message);
                std::this_thread::sleep_for(retry_after);
                continue;
            }
            while (Clock::now() < end_ && (*connection)->usable()) perform(**connection);
        }
    }

    std::uint64_t transactions = 0, errors = 0;
    std::string first_error;
    std::vector<float> latencies;

  private:
    void perform(TestConnection& connection) {
        const Instant begun = Clock::now();
        if (const auto done = connection.transaction(end_ + patience); !done) {
            return failed(done.error().message);
        }
        ++transactions;
        if (latencies.size() < most_kept_) {
            latencies.push_back(static_cast<float>(base::seconds(Clock::now() - begun)));
        }
    }

    void failed(std::string message) {
        ++errors;
        while (message.ends_with('\n')) message.pop_back();
        if (first_error.empty()) first_error = printable(message);
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
