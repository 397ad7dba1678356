// The keys of [pgbouncer] that Weir has no key of its own for, each with the reason.
#include <array>
#include <string_view>

#include "cli/import.h"

namespace weir::cli {
namespace {

struct Reason {
    std::string_view key, why;
};

constexpr std::string_view log_to = "the log goes to standard error: let systemd keep it";
constexpr std::string_view systemd = "is up to the systemd unit";
constexpr std::string_view modern = "OpenSSL's own choice is used";
constexpr std::string_view buffers = "Weir's buffers size themselves";

constexpr std::array without_counterpart{
    Reason{"logfile", log_to},
    Reason{"syslog", log_to},
    Reason{"syslog_ident", log_to},
    Reason{"syslog_facility", log_to},
    Reason{"log_connections", "connections are counted in the metrics, not logged"},
    Reason{"log_disconnections", "connections are counted in the metrics, not logged"},
    Reason{"log_pooler_errors", "errors are always logged or counted"},
    Reason{"pidfile", systemd},
    Reason{"user", systemd},
    Reason{"job_name", systemd},
    Reason{"service_name", systemd},
    Reason{"conffile", "weir serve --config names the file"},
    Reason{"unix_socket_mode", "every account may reach the socket: who may log in decides"},
    Reason{"unix_socket_group", "the socket's group is that of the service"},
    Reason{"reserve_pool_size", "a pool never exceeds max_size: raise max_size instead"},
    Reason{"reserve_pool_timeout", "a pool never exceeds max_size"},
    Reason{"max_user_connections",
           "there is no limit of server connections a user: give the user a [[pool]] of its own"},
    Reason{"server_round_robin", "the connection used last is used next"},
    Reason{"ignore_startup_parameters",
           "start-up parameters are not refused: those a server must know are kept for the client"},
    Reason{"disable_pqexec", "simple queries can't be switched off"},
    Reason{"application_name_add_host",
           "the client's address is in `weir status --detailed` and in the leaks"},
    Reason{"auth_hba_file", "there are no rules by address: use a [[listen]] for each way in"},
    Reason{"stats_users", "the console is for admins only: read /metrics or give admin = true"},
    Reason{"server_reset_query",
           "Weir cleans what a client changed: see session_state and mode of [[pool]]"},
    Reason{"server_reset_query_always", "Weir cleans what a client changed, in every mode"},
    Reason{"server_fast_close", "`weir clear` closes connections as they are released"},
    Reason{"server_login_retry", "the upstream's breaker decides: see breaker of [[upstream]]"},
    Reason{"dns_max_ttl", "a name is resolved for each new connection"},
    Reason{"dns_nxdomain_ttl", "a name is resolved for each new connection"},
    Reason{"dns_zone_check_period", "a name is resolved for each new connection"},
    Reason{"resolv_conf", "the system's resolver is used"},
    Reason{"client_tls_protocols", modern},
    Reason{"client_tls_ciphers", modern},
    Reason{"client_tls_ecdhcurve", modern},
    Reason{"client_tls_dheparams", modern},
    Reason{"server_tls_protocols", modern},
    Reason{"server_tls_ciphers", modern},
    Reason{"suspend_timeout", "there is no SUSPEND: use `weir restart`"},
    Reason{"pkt_buf", buffers},
    Reason{"max_packet_size", buffers},
    Reason{"sbuf_loopcnt", buffers},
    Reason{"tcp_socket_buffer", buffers},
    Reason{"listen_backlog", "the system's largest is asked for"},
    Reason{"so_reuseport", "one process serves with a thread for each core"},
    Reason{"tcp_defer_accept", "the system's default is used"},
    Reason{"tcp_keepcnt", "follows from keepalive of [[listen]]"},
    Reason{"tcp_keepintvl", "follows from keepalive of [[listen]]"},
    Reason{"tcp_user_timeout", "follows from keepalive of [[listen]]"},
};

constexpr std::array<std::string_view, 38> taken_over{"listen_addr",
                                                      "listen_port",
                                                      "unix_socket_dir",
                                                      "pool_mode",
                                                      "max_client_conn",
                                                      "default_pool_size",
                                                      "min_pool_size",
                                                      "max_db_connections",
                                                      "autodb_idle_timeout",
                                                      "auth_type",
                                                      "auth_file",
                                                      "auth_user",
                                                      "auth_query",
                                                      "log_stats",
                                                      "stats_period",
                                                      "verbose",
                                                      "admin_users",
                                                      "server_lifetime",
                                                      "server_idle_timeout",
                                                      "server_connect_timeout",
                                                      "server_check_delay",
                                                      "server_check_query",
                                                      "query_timeout",
                                                      "query_wait_timeout",
                                                      "client_idle_timeout",
                                                      "idle_transaction_timeout",
                                                      "client_login_timeout",
                                                      "tcp_keepalive",
                                                      "tcp_keepidle",
                                                      "client_tls_sslmode",
                                                      "client_tls_key_file",
                                                      "client_tls_cert_file",
                                                      "client_tls_ca_file",
                                                      "server_tls_sslmode",
                                                      "server_tls_ca_file",
                                                      "server_tls_key_file",
                                                      "server_tls_cert_file",
                                                      "max_prepared_statements"};

}  // namespace

std::string no_counterpart(std::string_view key, bool& known) {
    known = true;
    for (const auto& [name, why] : without_counterpart) {
        if (name == key) return std::string(why);
    }
    for (const auto& name : taken_over) {
        if (name == key) return {};
    }
    known = false;
    return {};
}

}  // namespace weir::cli
