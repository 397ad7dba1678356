// Every metric that is exported: name, type, help and label names. This is the only file that knows
// a metric's name. The bounds of the pools' and loops' histograms are those of their cells
// (telemetry/buckets.h, telemetry/loop_probe.h). It is longer than other files because it is one
// table.
#pragma once

#include <prometheus/metric_type.h>

#include <array>
#include <cstddef>
#include <string_view>

#include "telemetry/histogram.h"

namespace weir::collectors::catalogue {

struct Metric {
    std::string_view name;
    ::prometheus::MetricType type;
    std::array<std::string_view, 5> labels;  // in the order in which a sample gives their values
    std::string_view help;

    [[nodiscard]] constexpr std::size_t label_count() const {
        std::size_t count = 0;
        while (count < labels.size() && !labels[count].empty()) ++count;
        return count;
    }
};

inline constexpr auto gauge = ::prometheus::MetricType::Gauge;
inline constexpr auto counter = ::prometheus::MetricType::Counter;
inline constexpr auto histogram = ::prometheus::MetricType::Histogram;

// The label value of what exceeds a limit on label values.
inline constexpr std::string_view other = "other";

inline constexpr telemetry::Bounds<11> scrape_bounds{
    1'000'000,   2'500'000,   5'000'000,   10'000'000,    25'000'000,   50'000'000,
    100'000'000, 250'000'000, 500'000'000, 1'000'000'000, 2'500'000'000};

// -- pools: how many connections, who waits
inline constexpr Metric pool_connections{"weir_pool_connections",
                                         gauge,
                                         {"pool", "engine", "state"},
                                         "Server connections by state; in use = used + pinned."};
inline constexpr Metric pool_connections_max{"weir_pool_connections_max",
                                             gauge,
                                             {"pool", "engine"},
                                             "Most server connections allowed: max_size of all "
                                             "tenants' pools together, of one while there is "
                                             "none."};
inline constexpr Metric pool_connections_idle_min{"weir_pool_connections_idle_min",
                                                  gauge,
                                                  {"pool", "engine"},
                                                  "Idle server connections kept ready: min_idle of "
                                                  "all tenants' pools together, of one while there "
                                                  "is none."};
inline constexpr Metric pool_pending_acquires{"weir_pool_pending_acquires",
                                              gauge,
                                              {"pool", "engine"},
                                              "Acquires that wait for a server connection now."};
inline constexpr Metric pool_oldest_pending_seconds{
    "weir_pool_oldest_pending_seconds",
    gauge,
    {"pool", "engine"},
    "How long the oldest acquire still waiting has waited; 0 when none waits."};
inline constexpr Metric pool_used_connection_seconds{
    "weir_pool_used_connection_seconds_total",
    counter,
    {"pool", "engine"},
    "Time integral of connections in use: its rate is the exact mean concurrency."};
inline constexpr Metric pool_saturated_seconds{
    "weir_pool_saturated_seconds_total",
    counter,
    {"pool", "engine"},
    "Time in which somebody waited and nothing could be granted, summed over tenants' pools."};
inline constexpr Metric pool_use_trough{
    "weir_pool_use_trough_connections",
    gauge,
    {"pool", "engine"},
    "Fewest connections in use at once within the last hour: what slow leaks raise."};
inline constexpr Metric pool_info{
    "weir_pool_info", gauge, {"pool", "engine", "upstream", "mode"}, "What a pool is: always 1."};
inline constexpr Metric acquires{
    "weir_acquires_total", counter, {"pool", "engine", "outcome"}, "Acquires ended, by outcome."};
inline constexpr Metric acquire_rejections{
    "weir_acquire_rejections_total",
    counter,
    {"pool", "engine", "reason"},
    "Acquires refused without a chance to be served, by reason."};
inline constexpr Metric acquire_served{
    "weir_acquire_served_total",
    counter,
    {"pool", "engine", "source"},
    "Acquires served, by where the connection came from: idle and waited are reuse."};
inline constexpr Metric acquire_wait_seconds{
    "weir_acquire_wait_seconds",
    histogram,
    {"pool", "engine", "outcome"},
    "Time from the request of a connection to its grant or refusal."};
inline constexpr Metric acquire_wait_by_cause{
    "weir_acquire_wait_by_cause_seconds_total",
    counter,
    {"pool", "engine", "cause"},
    "Time spent waiting, summed over waiters, by what was waited for."};
inline constexpr Metric blocked_seconds{
    "weir_blocked_seconds_total",
    counter,
    {"pool", "engine", "holder"},
    "Time spent waiting for connections in use, summed over waiters, by who used them."};
inline constexpr Metric oldest_use_seconds{
    "weir_oldest_use_seconds",
    gauge,
    {"pool", "engine"},
    "How long the connection longest in use has been held; 0 when none is."};
inline constexpr Metric oldest_idle_in_transaction_seconds{
    "weir_oldest_idle_in_transaction_seconds",
    gauge,
    {"pool", "engine"},
    "How long the oldest open transaction without a running query has been quiet; 0 when none is."};
inline constexpr Metric tenants{
    "weir_tenants",
    gauge,
    {"pool", "state"},
    "Tenants of a pool template that are known, and how many of them are in each state."};

// -- tenants, on a page of their own: those with a seat by name, all the rest as "other"
inline constexpr Metric tenant_connections_used{"weir_tenant_connections_used",
                                                gauge,
                                                {"pool", "engine", "tenant"},
                                                "Server connections in use by a tenant."};
inline constexpr Metric tenant_pending_acquires{
    "weir_tenant_pending_acquires",
    gauge,
    {"pool", "engine", "tenant"},
    "Acquires of a tenant that wait for a server connection now."};
inline constexpr Metric tenant_connections_max{"weir_tenant_connections_max",
                                               gauge,
                                               {"pool", "engine", "tenant"},
                                               "Server connections allowed to a tenant."};
inline constexpr Metric tenant_acquires{"weir_tenant_acquires_total",
                                        counter,
                                        {"pool", "engine", "tenant", "outcome"},
                                        "Acquires of a tenant ended, by outcome."};
inline constexpr Metric tenant_acquire_wait_seconds{
    "weir_tenant_acquire_wait_seconds_total",
    counter,
    {"pool", "engine", "tenant"},
    "Time from the request of a connection to its grant or refusal, summed over a tenant's "
    "acquires."};
inline constexpr Metric tenant_rejections{
    "weir_tenant_rejections_total",
    counter,
    {"pool", "engine", "tenant"},
    "Acquires of a tenant refused without a chance to be served."};
inline constexpr Metric tenant_leaks_suspected{"weir_tenant_leaks_suspected_total",
                                               counter,
                                               {"pool", "engine", "tenant"},
                                               "Connections of a tenant held suspiciously long."};
inline constexpr Metric tenant_queries{"weir_tenant_queries_total",
                                       counter,
                                       {"pool", "engine", "tenant"},
                                       "Queries of a tenant ended, whatever their outcome."};
inline constexpr Metric tenant_network_bytes{
    "weir_tenant_network_bytes_total",
    counter,
    {"pool", "engine", "tenant"},
    "Bytes between a tenant's clients and this agent, both directions together."};

// -- server connections: their making, use and end
inline constexpr Metric connection_use_seconds{
    "weir_connection_use_seconds",
    histogram,
    {"pool", "engine"},
    "Time a connection was held from its grant to its release."};
inline constexpr Metric connection_create_seconds{
    "weir_connection_create_seconds",
    histogram,
    {"pool", "engine"},
    "Time to establish a server connection, log-in included."};
inline constexpr Metric connection_creates{"weir_connection_creates_total",
                                           counter,
                                           {"pool", "engine", "upstream", "result"},
                                           "Attempts to establish a server connection, by result."};
inline constexpr Metric connection_create_failures{
    "weir_connection_create_failures_total",
    counter,
    {"pool", "engine", "upstream", "reason"},
    "Failed attempts to establish a server connection, by reason."};
inline constexpr Metric releases{
    "weir_releases_total",
    counter,
    {"pool", "engine", "result"},
    "Connections given back by their holder, by the condition they were in."};
inline constexpr Metric connections_reaped{"weir_connections_reaped_total",
                                           counter,
                                           {"pool", "engine", "reason"},
                                           "Server connections closed, by reason."};
inline constexpr Metric connection_age_at_close_seconds{
    "weir_connection_age_at_close_seconds",
    histogram,
    {"pool", "engine"},
    "Age of server connections when they were closed."};
inline constexpr Metric pinned_connections{
    "weir_pinned_connections",
    gauge,
    {"pool", "engine", "reason"},
    "Server connections that a client's state ties to it, by reason."};
inline constexpr Metric pins{
    "weir_pins_total",
    counter,
    {"pool", "engine", "reason"},
    "Times that a client's state tied a server connection to it, by reason."};
inline constexpr Metric leak_suspected_connections{
    "weir_leak_suspected_connections",
    gauge,
    {"pool", "engine", "action"},
    "Connections held and quiet for longer than leak_after, by the action configured."};
inline constexpr Metric leaks_suspected{"weir_leaks_suspected_total",
                                        counter,
                                        {"pool", "engine", "action"},
                                        "Leaks suspected, by the action configured."};
inline constexpr Metric leaks_reclaimed{
    "weir_leaks_reclaimed_total",
    counter,
    {"pool", "engine", "action"},
    "Connections taken back from a suspected leak, by the action that did it."};
inline constexpr Metric protocol_desync{
    "weir_protocol_desync_total",
    counter,
    {"pool", "engine"},
    "Connections closed because the server said something impossible."};

// -- what a client's session is in a shared connection
inline constexpr Metric settings_replayed{
    "weir_settings_replayed_total",
    counter,
    {"pool", "engine"},
    "Times that a client's settings were carried to another server connection."};
inline constexpr Metric prepared_statement_requests{
    "weir_prepared_statement_requests_total",
    counter,
    {"pool", "engine", "result"},
    "Uses of shared prepared statements, by whether the connection had it already."};
inline constexpr Metric prepared_statement_evictions{
    "weir_prepared_statement_evictions_total",
    counter,
    {"pool", "engine"},
    "Shared prepared statements closed to make room for another."};
inline constexpr Metric prepared_statements{
    "weir_prepared_statements",
    gauge,
    {"pool", "engine"},
    "Shared prepared statements that server connections hold, counted on each."};

// -- queries
inline constexpr Metric queries{
    "weir_queries_total", counter, {"pool", "engine", "outcome"}, "Queries answered, by outcome."};
inline constexpr Metric query_errors{"weir_query_errors_total",
                                     counter,
                                     {"pool", "engine", "class"},
                                     "Queries answered with an error, by SQLSTATE class."};
inline constexpr Metric query_seconds{
    "weir_query_seconds",
    histogram,
    {"pool", "engine"},
    "Time from a query's arrival at the server connection to the end of its answer."};
inline constexpr Metric transactions{"weir_transactions_total",
                                     counter,
                                     {"pool", "engine", "end"},
                                     "Transactions ended, by how; a query outside a block is one."};
inline constexpr Metric transaction_seconds{
    "weir_transaction_seconds",
    histogram,
    {"pool", "engine"},
    "Time from the first query of a transaction to its end."};
inline constexpr Metric network_bytes{
    "weir_network_bytes_total",
    counter,
    {"pool", "engine", "side", "direction"},
    "Bytes received (in) and sent (out) on the side of clients and of upstreams."};

// -- clients
inline constexpr Metric client_connections{"weir_client_connections",
                                           gauge,
                                           {"listener", "engine", "state"},
                                           "Client connections by state."};
inline constexpr Metric client_connections_max{"weir_client_connections_max",
                                               gauge,
                                               {"listener", "engine"},
                                               "Most client connections that a listener accepts."};
inline constexpr Metric client_connections_opened{"weir_client_connections_opened_total",
                                                  counter,
                                                  {"listener", "engine"},
                                                  "Client connections accepted."};
inline constexpr Metric client_connections_closed{"weir_client_connections_closed_total",
                                                  counter,
                                                  {"listener", "engine", "reason"},
                                                  "Client connections ended, by reason."};
inline constexpr Metric client_auth_failures{"weir_client_auth_failures_total",
                                             counter,
                                             {"listener", "engine", "reason"},
                                             "Log-ins refused, by reason."};
inline constexpr Metric listener_certificate_failures{
    "weir_listener_certificate_failures_total",
    counter,
    {"listener", "engine"},
    "Changed certificate files that could not be used: the listener keeps the certificate before."};

// -- upstreams
inline constexpr Metric upstream_up{"weir_upstream_up",
                                    gauge,
                                    {"upstream"},
                                    "1 while the last attempt to reach the upstream succeeded."};
inline constexpr Metric upstream_breaker_state{
    "weir_upstream_breaker_state",
    gauge,
    {"upstream", "state"},
    "1 for the state that the upstream's breaker is in, 0 for the others."};
inline constexpr Metric upstream_breaker_transitions{
    "weir_upstream_breaker_transitions_total",
    counter,
    {"upstream", "to"},
    "Changes of the breaker's state, by the state entered."};
inline constexpr Metric upstream_budget_connections{
    "weir_upstream_budget_connections",
    gauge,
    {"upstream"},
    "Connections to the upstream that may exist at once, as now in effect."};
inline constexpr Metric upstream_budget_used{
    "weir_upstream_budget_used",
    gauge,
    {"upstream"},
    "Connections to the upstream that exist, are being made or are not yet gone."};
inline constexpr Metric upstream_budget_steals{
    "weir_upstream_budget_steals_total",
    counter,
    {"upstream"},
    "Connections taken from a pool above its share for one below it."};

// -- what the servers say of themselves
inline constexpr Metric server_max_connections{"weir_server_max_connections",
                                               gauge,
                                               {"upstream"},
                                               "Connections that the server allows, by itself."};
inline constexpr Metric server_connections{
    "weir_server_connections",
    gauge,
    {"upstream", "owner"},
    "Connections that the server has, by whose they are; reserved: how many of those allowed are "
    "kept for administrators."};
inline constexpr Metric server_poll_up{
    "weir_server_poll_up",
    gauge,
    {"upstream"},
    "1 when the server answered the last time that it was asked of itself."};
inline constexpr Metric server_poll_seconds{
    "weir_server_poll_seconds",
    gauge,
    {"upstream"},
    "How long asking the server took the last time, connect and log-in included."};
inline constexpr Metric server_aborted_connects{
    "weir_server_aborted_connects_total",
    counter,
    {"upstream"},
    "Connects of anybody that failed at the server since it started (mysql)."};
inline constexpr Metric server_rejected_connections{
    "weir_server_rejected_connections_total",
    counter,
    {"upstream"},
    "Connects of anybody that the server refused for being full since it started (mysql, redis)."};
inline constexpr Metric server_max_used_connections{
    "weir_server_max_used_connections",
    gauge,
    {"upstream"},
    "Most connections that the server had at once since it started (mysql)."};
inline constexpr Metric server_blocked_clients{
    "weir_server_blocked_clients",
    gauge,
    {"upstream"},
    "Clients of anybody that wait in a blocking command of the server (redis)."};

// -- the agent itself
inline constexpr Metric build_info{
    "weir_build_info", gauge, {"version", "revision", "compiler"}, "What is running: always 1."};
inline constexpr Metric config_last_reload_successful{
    "weir_config_last_reload_successful",
    gauge,
    {},
    "1 when the configuration last read is in effect, 0 when it was refused."};
inline constexpr Metric config_last_reload_success_timestamp_seconds{
    "weir_config_last_reload_success_timestamp_seconds",
    gauge,
    {},
    "When a configuration last came into effect, in seconds since 1970."};
inline constexpr Metric config_reloads{"weir_config_reloads_total",
                                       counter,
                                       {"result"},
                                       "Times the configuration was read again, by result."};
inline constexpr Metric event_loop_lag_seconds{"weir_event_loop_lag_seconds",
                                               histogram,
                                               {"loop"},
                                               "How much later than due a loop's ticks came."};
inline constexpr Metric event_loop_busy_seconds{
    "weir_event_loop_busy_seconds_total",
    counter,
    {"loop"},
    "Time a loop spent working rather than waiting for events."};
inline constexpr Metric event_loop_backend{"weir_event_loop_backend",
                                           gauge,
                                           {"loop", "backend"},
                                           "How a loop learns of events: always 1."};
inline constexpr Metric scrape_seconds{
    "weir_scrape_seconds",
    histogram,
    {"endpoint"},
    "Time to collect and print metrics; a scrape appears in the next one."};
inline constexpr Metric scrape_bytes{
    "weir_scrape_bytes", gauge, {"endpoint"}, "Size of the last answer before compression."};
inline constexpr Metric spans{"weir_spans_total",
                              counter,
                              {"result"},
                              "Spans of traces by what became of them; unsampled ones were never "
                              "made."};
inline constexpr Metric span_queue_size{
    "weir_span_queue_size", gauge, {}, "Finished spans that wait for export."};
inline constexpr Metric span_queue_capacity{
    "weir_span_queue_capacity",
    gauge,
    {},
    "Finished spans that may wait for export; beyond it they are dropped. 0: no tracing."};
inline constexpr Metric metric_label_overflow{
    "weir_metric_label_overflow_total",
    counter,
    {"label"},
    "Label values that had no series of their own and were added to \"other\": templates beyond "
    "the limit, and how often a tenant in trouble or named by configuration found no room."};

// -- the process, under the names that every exporter uses
inline constexpr Metric process_cpu_seconds{
    "process_cpu_seconds_total", counter, {}, "User and system CPU time spent."};
inline constexpr Metric process_resident_memory_bytes{
    "process_resident_memory_bytes", gauge, {}, "Resident memory."};
inline constexpr Metric process_virtual_memory_bytes{
    "process_virtual_memory_bytes", gauge, {}, "Virtual memory."};
inline constexpr Metric process_open_fds{"process_open_fds", gauge, {}, "Open file descriptors."};
inline constexpr Metric process_max_fds{
    "process_max_fds", gauge, {}, "Most file descriptors that may be open."};
inline constexpr Metric process_start_time_seconds{
    "process_start_time_seconds", gauge, {}, "When the process started, in seconds since 1970."};
inline constexpr Metric process_threads{"process_threads", gauge, {}, "Threads of the process."};

inline constexpr std::array all{&pool_connections,
                                &pool_connections_max,
                                &pool_connections_idle_min,
                                &pool_pending_acquires,
                                &pool_oldest_pending_seconds,
                                &pool_used_connection_seconds,
                                &pool_saturated_seconds,
                                &pool_use_trough,
                                &pool_info,
                                &acquires,
                                &acquire_rejections,
                                &acquire_served,
                                &acquire_wait_seconds,
                                &acquire_wait_by_cause,
                                &blocked_seconds,
                                &oldest_use_seconds,
                                &oldest_idle_in_transaction_seconds,
                                &tenants,
                                &connection_use_seconds,
                                &connection_create_seconds,
                                &connection_creates,
                                &connection_create_failures,
                                &releases,
                                &connections_reaped,
                                &connection_age_at_close_seconds,
                                &pinned_connections,
                                &pins,
                                &leak_suspected_connections,
                                &leaks_suspected,
                                &leaks_reclaimed,
                                &protocol_desync,
                                &settings_replayed,
                                &prepared_statement_requests,
                                &prepared_statement_evictions,
                                &prepared_statements,
                                &queries,
                                &query_errors,
                                &query_seconds,
                                &transactions,
                                &transaction_seconds,
                                &network_bytes,
                                &client_connections,
                                &client_connections_max,
                                &client_connections_opened,
                                &client_connections_closed,
                                &client_auth_failures,
                                &listener_certificate_failures,
                                &upstream_up,
                                &upstream_breaker_state,
                                &upstream_breaker_transitions,
                                &upstream_budget_connections,
                                &upstream_budget_used,
                                &upstream_budget_steals,
                                &server_max_connections,
                                &server_connections,
                                &server_poll_up,
                                &server_poll_seconds,
                                &server_aborted_connects,
                                &server_rejected_connections,
                                &server_max_used_connections,
                                &server_blocked_clients,
                                &build_info,
                                &config_last_reload_successful,
                                &config_last_reload_success_timestamp_seconds,
                                &config_reloads,
                                &event_loop_lag_seconds,
                                &event_loop_busy_seconds,
                                &event_loop_backend,
                                &scrape_seconds,
                                &scrape_bytes,
                                &spans,
                                &span_queue_size,
                                &span_queue_capacity,
                                &metric_label_overflow,
                                &process_cpu_seconds,
                                &process_resident_memory_bytes,
                                &process_virtual_memory_bytes,
                                &process_open_fds,
                                &process_max_fds,
                                &process_start_time_seconds,
                                &process_threads};

// On the page of tenants.
inline constexpr std::array tenant_families{&tenant_connections_used,     &tenant_pending_acquires,
                                            &tenant_connections_max,      &tenant_acquires,
                                            &tenant_acquire_wait_seconds, &tenant_rejections,
                                            &tenant_leaks_suspected,      &tenant_queries,
                                            &tenant_network_bytes};

}  // namespace weir::collectors::catalogue
