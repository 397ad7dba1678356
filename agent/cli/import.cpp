#include "cli/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "cli/import_pools.h"
#include "cli/import_source.h"
#include "cli/toml_text.h"
#include "settings/address.h"

namespace weir::cli {
namespace {

using std::chrono::milliseconds;

constexpr unsigned largest_budget = 100'000;
constexpr unsigned usual_budget = 90;
constexpr std::size_t longest_name = 63;

class Import {
  public:
    explicit Import(const PgBouncerFile& file) : source_(file) {}

    base::Result<Imported> run() {
        tell_what_has_no_counterpart();
        databases_ = import_databases(source_);
        write_log();
        write_auth();
        write_listeners();
        write_upstreams();
        write_pools();
        write_users();
        if (!source_.mistake.empty()) return base::error(source_.mistake);
        write_notes();
        return Imported{toml_.str(), std::move(source_.notes)};
    }

  private:
    void tell_what_has_no_counterpart() {
        for (const auto& setting : source_.file.general) {
            bool known = false;
            const std::string why = no_counterpart(setting.key, known);
            if (!known) {
                source_.note(setting.place, setting.key,
                             "is no key of PgBouncer 1.18 that Weir knows");
            } else if (!why.empty()) {
                source_.note(setting.place, setting.key, "no counterpart: " + why);
            }
        }
        for (const auto& user : source_.file.users) {
            const auto pairs = parse_pairs(user.value);
            if (!pairs) {
                source_.wrong(user.place, user.key, "key=value pairs");
                continue;
            }
            for (const auto& [key, value] : *pairs) {
                source_.note(user.place, fmt::format("{} of the user {}", key, user.key),
                             "no counterpart: modes and limits belong to a [[pool]]");
            }
        }
    }

    // -- the parts of the toml
    void write_log() {
        toml_.comment("Made by `weir import` of a PgBouncer configuration.");
        if (source_.whole("verbose", 0) > 0) {
            toml_.section("[log]");
            toml_.text("level", "debug");
        }
        if (source_.file.find("log_stats") != nullptr ||
            source_.file.find("stats_period") != nullptr) {
            if (source_.whole("verbose", 0) == 0) toml_.section("[log]");
            const bool logged = source_.general("log_stats", "1") != "0";
            toml_.span("stats_every",
                       logged ? source_.seconds("stats_period", 60) : milliseconds(0));
        }
    }

    void write_auth() {
        const std::string type = source_.general("auth_type", "md5");
        if (type == "cert" || type == "hba" || type == "pam") {
            source_.note("auth_type", "no counterpart: users log in with SCRAM-SHA-256");
        } else if (type == "any") {
            source_.note("auth_type",
                         "every name is let in as with trust, but the console needs an admin");
        }
        const std::string asker = source_.general("auth_user", "");
        if (asker.empty() || source_.trusts()) {
            source_.note("auth_query", "is without effect here, as it is in PgBouncer");
            return;
        }
        toml_.section("[auth]");
        toml_.text("mode", "query");
        if (source_.file.find("auth_query") != nullptr)
            toml_.text("query", source_.general("auth_query", ""));
        toml_.text("query_user", asker);
        const auto* login = source_.file.login(asker);
        if (login != nullptr && !is_md5(login->secret) && !is_scram(login->secret)) {
            toml_.text("query_password", login->secret);
        }
        toml_.texts("query_pools", {"*"});
        toml_.texts("query_tenants", {"*"});
        source_.note("auth_query", "runs in auth.query_database, not in each client's database");
    }

    void write_listeners() {
        const unsigned port = source_.whole("listen_port", 6432);
        for (const auto& host : listed(source_.general("listen_addr", ""))) {
            write_listener(with_port(host, port));
        }
        const std::string folder = source_.general("unix_socket_dir", "/tmp");
        if (folder.starts_with('@')) {
            source_.note("unix_socket_dir", "no counterpart: abstract sockets are not listened on");
        } else if (!folder.empty()) {
            write_listener("unix:" + socket_file(folder, port));
        }
    }

    void write_listener(const std::string& address) {
        const auto parsed = settings::parse_address(address);
        const bool local = parsed && parsed->is_loopback();
        const bool socket = parsed && !parsed->path.empty();
        toml_.section("[[listen]]");
        toml_.text("name", fresh_name(socket ? "unix" : "postgresql", listener_names_));
        toml_.text("address", address);
        toml_.whole("max_clients", std::max(1U, source_.whole("max_client_conn", 100)));
        toml_.remark("of this listener; PgBouncer's max_client_conn counts all together");
        toml_.span("login_timeout", source_.seconds("client_login_timeout", 60));
        toml_.span("client_idle_timeout", source_.seconds("client_idle_timeout", 0));
        if (source_.trusts() && local) {
            toml_.text("auth", "trust");
        } else if (source_.trusts()) {
            source_.note("auth_type",
                         fmt::format("{} is not loopback: its clients need a password", address));
        }
        if (socket) return;
        if (source_.general("tcp_keepalive", "1") == "0") {
            toml_.text("keepalive", "0s");
        } else if (const auto idle = source_.seconds("tcp_keepidle", 0); idle.count() > 0) {
            toml_.span("keepalive", idle);
        }
        write_listener_tls();
    }

    void write_listener_tls() {
        const std::string mode = source_.general("client_tls_sslmode", "disable");
        if (mode == "disable") return;
        const bool verify = mode == "verify-ca" || mode == "verify-full";
        toml_.text("tls.mode", verify ? "verify" : mode == "prefer" ? "allow" : mode);
        for (const char* part : {"cert", "key", "ca"}) {
            const auto path = source_.general(fmt::format("client_tls_{}_file", part), "");
            if (!path.empty()) toml_.text(fmt::format("tls.{}", part), path);
        }
    }

    void write_upstreams() {
        for (const auto& upstream : databases_.upstreams) {
            toml_.section("[[upstream]]");
            toml_.text("name", upstream.name);
            toml_.text("address", upstream.address);
            toml_.whole("max_connections",
                        std::clamp(upstream.wanted, usual_budget, largest_budget));
            toml_.remark("of all pools together; keep it below the server's own");
            toml_.span("connect_timeout",
                       std::max(source_.seconds("server_connect_timeout", 15), milliseconds(1)));
            const std::string mode = source_.general("server_tls_sslmode", "disable");
            toml_.text("tls.mode", mode == "allow" ? "prefer" : mode);
            for (const char* part : {"ca", "cert", "key"}) {
                const auto path = source_.general(fmt::format("server_tls_{}_file", part), "");
                if (!path.empty()) toml_.text(fmt::format("tls.{}", part), path);
            }
        }
    }

    void write_pools() {
        if (source_.general("server_lifetime", "3600") == "0") {
            source_.note("server_lifetime",
                         "no counterpart for a connection used once: read as no limit");
        }
        for (const auto& pool : databases_.pools) {
            toml_.section("[[pool]]");
            toml_.text("name", pool.name);
            toml_.text("upstream", pool.upstream);
            toml_.text("match", pool.match);
            if (!pool.database.empty()) toml_.text("database", pool.database);
            if (!pool.user.empty()) toml_.text("user", pool.user);
            if (!pool.user.empty() && !pool.password.empty()) {
                toml_.text("password", pool.password);
            }
            toml_.text("mode", pool.mode);
            toml_.whole("max_size", pool.max_size);
            if (pool.user.empty()) toml_.remark("of all users of a database together");
            toml_.whole("min_idle", pool.min_idle);
            write_pool_times(pool);
        }
    }

    void write_pool_times(const ImportedPool& pool) {
        toml_.span("acquire_timeout", source_.seconds("query_wait_timeout", 120));
        toml_.span("idle_timeout", source_.seconds("server_idle_timeout", 600));
        toml_.span("max_lifetime", source_.seconds("server_lifetime", 3600));
        if (source_.file.find("server_check_query") != nullptr &&
            source_.general("server_check_query", "").empty()) {
            toml_.text("validate_after", "0s");
        } else {
            toml_.span("validate_after",
                       std::max(source_.seconds("server_check_delay", 30), milliseconds(1)));
        }
        toml_.span("query_timeout", source_.seconds("query_timeout", 0));
        toml_.span("idle_in_transaction_timeout", source_.seconds("idle_transaction_timeout", 0));
        if (pool.match == "*") {
            toml_.span("pool_idle_timeout", source_.seconds("autodb_idle_timeout", 3600));
        }
        if (source_.file.find("max_prepared_statements") != nullptr) {
            toml_.whole("prepared_statements", source_.whole("max_prepared_statements", 0));
        }
    }

    void write_users() {
        const auto admins = listed(source_.general("admin_users", ""));
        const auto is_admin = [&](const std::string& name) {
            return std::find(admins.begin(), admins.end(), name) != admins.end();
        };
        for (const auto& login : source_.file.logins) {
            if (login.name.empty() || login.name.size() > longest_name) {
                source_.note("auth_file", "a name is empty or longer than 63 bytes: left out");
                continue;
            }
            const bool usable = !login.secret.empty() && !is_md5(login.secret);
            if (!usable && !source_.trusts()) {
                source_.note(
                    "auth_file",
                    fmt::format("the user {} is left out: its password is {}, which SCRAM-SHA-256 "
                                "can't check: add a [[user]] with password or scram",
                                login.name, login.secret.empty() ? "empty" : "an MD5 hash"));
                continue;
            }
            toml_.section("[[user]]");
            toml_.text("name", login.name);
            if (usable) toml_.text(is_scram(login.secret) ? "scram" : "password", login.secret);
            if (is_admin(login.name)) toml_.boolean("admin", true);
            tell_of_own_account(login);
        }
        for (const auto& admin : admins) {
            if (source_.file.login(admin) == nullptr) {
                source_.note(
                    "admin_users",
                    fmt::format("{} is not in auth_file: add a [[user]] with admin = true", admin));
            }
        }
    }

    // PgBouncer can pass a SCRAM login on to the server; Weir needs the password for that.
    void tell_of_own_account(const PgBouncerLogin& login) {
        if (!is_scram(login.secret)) return;
        for (const auto& pool : databases_.pools) {
            if (!pool.user.empty()) continue;
            source_.note(
                "auth_file",
                fmt::format("the user {} has a verifier only, but the pool {} logs in to the "
                            "server as its clients: give the user its password or the pool a user",
                            login.name, pool.name));
        }
    }

    void write_notes() {
        if (source_.notes.empty()) return;
        toml_.comment("");
        toml_.comment("What has no counterpart, or is not quite the same:");
        for (const auto& said : source_.notes) toml_.comment(said);
    }

    ImportSource source_;
    ImportedDatabases databases_;
    std::vector<std::string> listener_names_;
    TomlText toml_;
};

}  // namespace

base::Result<Imported> import_pgbouncer(const PgBouncerFile& file) { return Import(file).run(); }

int import(const ImportOptions& options, const Output& output) {
    const auto file = read_pgbouncer_file(options.file, read_whole_file);
    if (!file) return output.fail(file.error().message);
    const auto imported = import_pgbouncer(*file);
    if (!imported) return output.fail(imported.error().message);
    output.out << imported->toml;
    for (const auto& said : imported->notes) output.err << said << '\n';
    return 0;
}

}  // namespace weir::cli
