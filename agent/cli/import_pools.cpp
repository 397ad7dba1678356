#include "cli/import_pools.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace weir::cli {
namespace {

constexpr unsigned largest_pool = 100'000;

class Databases {
  public:
    explicit Databases(ImportSource& source) : source_(source) {}

    ImportedDatabases run() {
        std::vector<ImportedPool> fallback;
        for (const auto& setting : source_.file.databases) {
            if (setting.key == "pgbouncer" || setting.key == "weir") {
                source_.note(setting.place, setting.key,
                             "the console has this name: no pool can serve it");
                continue;
            }
            if (setting.key != "*" && setting.key.find_first_of("*{}") != std::string::npos) {
                source_.note(setting.place, setting.key,
                             "a name with * or braces would be a pattern");
                continue;
            }
            const auto pairs = parse_pairs(setting.value);
            if (!pairs) {
                source_.wrong(setting.place, setting.key, "key=value pairs");
                continue;
            }
            ImportedPool pool = read_pool(setting, *pairs);
            auto& list = setting.key == "*" ? fallback : result_.pools;
            // As in PgBouncer, a later entry of the same name counts.
            std::erase_if(list,
                          [&](const ImportedPool& known) { return known.match == pool.match; });
            list.push_back(std::move(pool));
        }
        // Weir takes the first that matches: what matches everything comes last.
        result_.pools.insert(result_.pools.end(), fallback.begin(), fallback.end());
        for (auto& pool : result_.pools) upstream(pool.upstream).wanted += pool.max_size;
        std::vector<std::string> names;
        for (auto& pool : result_.pools) {
            pool.upstream = upstream(pool.upstream).name;
            pool.name = fresh_name(pool.match == "*" ? "fallback" : pool.match, names);
        }
        return std::move(result_);
    }

  private:
    ImportedPool read_pool(const PgBouncerSetting& setting, const Pairs& pairs) {
        ImportedPool pool;
        pool.match = setting.key;
        pool.mode = source_.general("pool_mode", "session");
        pool.min_idle = source_.whole("min_pool_size", 0);
        unsigned size = source_.whole("default_pool_size", 20);
        unsigned database_limit = source_.whole("max_db_connections", 0);
        std::string host;
        unsigned port = 5432;
        for (const auto& [key, value] : pairs) {
            const auto number = [&, &word = key, &text = value] {
                return source_.whole_of(text, word, setting.place);
            };
            if (key == "host") {
                host = value;
            } else if (key == "port") {
                port = number();
            } else if (key == "dbname") {
                pool.database = value;
            } else if (key == "user") {
                pool.user = value;
            } else if (key == "password") {
                pool.password = value;
            } else if (key == "pool_size") {
                size = number();
            } else if (key == "min_pool_size") {
                pool.min_idle = number();
            } else if (key == "max_db_connections") {
                database_limit = number();
            } else if (key == "pool_mode") {
                pool.mode = value;
            } else {
                source_.note(setting.place, fmt::format("{} of the database {}", key, setting.key),
                             database_key(key));
            }
        }
        if (pool.mode != "session" && pool.mode != "transaction" && pool.mode != "statement") {
            source_.wrong(setting.place, "pool_mode", "session, transaction or statement");
        }
        // One pool of Weir serves all users of a database: what limits the database limits it.
        if (database_limit > 0) {
            size = pool.user.empty() ? database_limit : std::min(size, database_limit);
        }
        pool.max_size = std::clamp(size, 1U, largest_pool);
        pool.min_idle = std::min(pool.min_idle, pool.max_size);
        pool.upstream = address(setting, host, port);
        take_password(pool, setting.place);
        return pool;
    }

    static std::string database_key(std::string_view key) {
        if (key == "connect_query") {
            return "no counterpart: use search_path of [[pool]], or ALTER ROLE … SET on the server";
        }
        if (key == "client_encoding" || key == "datestyle" || key == "timezone") {
            return "no counterpart: each client's own is kept; ALTER ROLE … SET gives a default";
        }
        if (key == "reserve_pool") return "no counterpart: raise max_size of the pool instead";
        if (key == "auth_user") return "no counterpart: [auth] has one query_user for all";
        return "is no key of PgBouncer 1.18 that Weir knows";
    }

    // Without a password here, PgBouncer takes the one of that user in auth_file.
    void take_password(ImportedPool& pool, const std::string& place) {
        if (pool.user.empty() || !pool.password.empty()) return;
        const auto* login = source_.file.login(pool.user);
        if (login == nullptr || login->secret.empty()) return;
        if (is_md5(login->secret) || is_scram(login->secret)) {
            source_.note(
                place, "the database " + pool.match,
                fmt::format("auth_file holds no plain password of {}: give the [[pool]] one",
                            pool.user));
            return;
        }
        pool.password = login->secret;
    }

    std::string address(const PgBouncerSetting& setting, const std::string& host, unsigned port) {
        if (host.empty()) return socket_file(source_.general("unix_socket_dir", "/tmp"), port);
        const auto hosts = listed(host);
        if (hosts.size() > 1) {
            source_.note(setting.place, "host of the database " + setting.key,
                         "the hosts are tried in order, not in turn: see target of [[upstream]]");
        }
        std::string all;
        for (const auto& one : hosts) {
            if (one.starts_with('@'))
                source_.wrong(setting.place, "host", "no abstract socket for Weir");
            all += (all.empty() ? "" : ",") +
                   (one.starts_with('/') ? socket_file(one, port) : with_port(one, port));
        }
        return all;
    }

    ImportedUpstream& upstream(const std::string& address) {
        for (auto& known : result_.upstreams) {
            if (known.address == address) return known;
        }
        std::string name =
            fresh_name(result_.upstreams.empty() ? "main" : address, upstream_names_);
        return result_.upstreams.emplace_back(ImportedUpstream{std::move(name), address, 0});
    }

    ImportSource& source_;
    ImportedDatabases result_;
    std::vector<std::string> upstream_names_;
};

}  // namespace

ImportedDatabases import_databases(ImportSource& source) { return Databases(source).run(); }

}  // namespace weir::cli
