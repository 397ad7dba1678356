// A client that has logged in, on its way from the lobby to the home of its pool.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "loop/stream.h"
#include "proxy/accounts.h"
#include "proxy/routes.h"
#include "wire/trace_parent.h"

namespace weir::proxy {

// Counts a client against its listener and its account for as long as it is connected; atomics,
// because it is made on the lobby and dies at the client's home.
class ClientCount {
  public:
    ClientCount() = default;
    explicit ClientCount(std::atomic<unsigned>& count) : count_(&count) { ++count; }
    ClientCount(ClientCount&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
    ClientCount& operator=(ClientCount&& other) noexcept {
        std::swap(count_, other.count_);
        return *this;
    }
    ~ClientCount() {
        if (count_ != nullptr) --*count_;
    }

  private:
    std::atomic<unsigned>* count_ = nullptr;
};

// What a MySQL client and we have told each other in the handshake.
struct MysqlClient {
    std::uint32_t thread_id = 0;       // what it was told as its own; see Lobby::next_thread_id()
    std::uint32_t capabilities = 0;    // of those that we offered, the ones that it has
    std::uint16_t collation = 0;       // the id of the one that it speaks at first
    std::uint64_t last_insert_id = 0;  // brought along from another pool
};

struct Newcomer {
    loop::Detached connection;
    unsigned listener = 0;
    Route route;
    std::string user, database, address, application_name;
    unsigned protocol_minor = 0;  // of 3, as agreed
    settings::Secret password;    // of the account, only where the pool has none of its own
    // Start-up parameters that the server must know from the start, as sent.
    std::vector<std::pair<std::string, std::string>> options;
    bool resp3 = false;      // redis: the protocol that it speaks
    unsigned failures = 0;   // redis: passwords that it got wrong so far
    MysqlClient mysql;       // of that engine only
    std::optional<wire::TraceComment> trace;  // brought along from another pool
    bool dedicated = false;  // asked for a server connection of its own
    base::Instant connected{};
    std::shared_ptr<Account> account;     // nullptr with trust
    ClientCount of_listener, of_account;  // behind `account`, which has the counter of the second
};

}  // namespace weir::proxy
