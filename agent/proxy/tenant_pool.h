// What the proxy keeps beside a tenant's pool: how its connections are dialed and what its clients
// are greeted with. Lives and dies with the pool, on its home loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pool/pool.h"
#include "proxy/mysql_statements.h"
#include "proxy/postgresql_statements.h"
#include "proxy/session_settings.h"
#include "settings/pattern.h"
#include "telemetry/span.h"
#include "upstream/dialer.h"

namespace weir::proxy {

// What is fixed when a connection is made; its index is the pool's compatibility key.
struct Handshake {
    std::string user;
    settings::Secret password;       // only of a client's own account
    bool resp3 = false;              // redis
    std::uint32_t capabilities = 0;  // mysql: see upstream::MysqlCapability
    bool operator==(const Handshake&) const = default;
};

// What spans said last of the pool and a server of it, for the next that say the same.
struct SpanFacts {
    using Attributes = std::shared_ptr<const telemetry::SpanAttributes>;
    unsigned generation = 0;
    std::string server, system;
    Attributes attributes;
};

class TenantPool {
  public:
    // Accounts of clients that are served at the same time in a pool without one of its own.
    static constexpr std::size_t maximum_handshakes = 256;
    // A client can invent start-up parameters at will; so many sets are remembered.
    static constexpr std::size_t maximum_greetings = 64;

    pool::Pool* pool = nullptr;
    unsigned template_index = 0;
    settings::Match match;
    std::string directory_key;
    std::string asked;        // the database that clients ask for
    std::string database;     // on the server
    unsigned generation = 0;  // of how connections are made: a dial of another one is outdated
    ParameterSets sets;
    StatementCatalogue statements;
    MysqlStatementCatalogue mysql_statements;
    SpanFacts facts;
    unsigned clients = 0;

    // The key for this handshake, with one use of it taken; nothing when as many are in use as may
    // be. A key that nobody uses stands for its handshake until another needs its place.
    [[nodiscard]] std::optional<pool::CompatibilityKey> key(const Handshake& handshake);
    // The same for one client alone, with one use of it taken; there is always one more.
    [[nodiscard]] pool::CompatibilityKey dedicated_key(const Handshake& handshake);
    // Clients, connections and dials each take a use of the key they go by, and give it back.
    void use(pool::CompatibilityKey key) { ++entry(key).uses; }
    void leave(pool::CompatibilityKey key) { --entry(key).uses; }
    [[nodiscard]] const Handshake& handshake(pool::CompatibilityKey key) {
        return entry(key).handshake;
    }

    // The parameters that a client with these settings is told at first; nullptr while unknown.
    [[nodiscard]] ParameterSetRef greeting(pool::CompatibilityKey key,
                                           const ParameterSetRef& settings) const;
    void remember_greeting(pool::CompatibilityKey key, const ParameterSetRef& settings,
                           const ParameterSetRef& reported);
    void forget_greetings(pool::CompatibilityKey key);
    // A reload: connections are made by these settings from now on.
    void remake(const settings::Pool& settings);

  private:
    struct Greeting {
        pool::CompatibilityKey key;
        ParameterSetRef settings, reported;
    };
    struct Entry {
        Handshake handshake;
        unsigned uses = 0;
    };
    [[nodiscard]] Entry& entry(pool::CompatibilityKey key) {
        return pool::is_dedicated(key) ? dedicated_[key & ~pool::dedicated_mark] : handshakes_[key];
    }

    std::vector<Entry> handshakes_;
    std::vector<Entry> dedicated_;     // as many as there were such clients at the same time
    std::vector<Greeting> greetings_;  // at most maximum_greetings
};

}  // namespace weir::proxy
