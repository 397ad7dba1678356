// Every closed vocabulary of the metric catalogue. The word of a value is the metric label, the log
// field and the API value alike; a value is added here and in the catalogue's tests, nowhere else.
#pragma once

#include <cstdint>

#include "base/words.h"

namespace weir::telemetry {

enum class ServerState : std::uint8_t {
    connecting,
    idle,
    checking,
    used,
    pinned,
    resetting,
    cancelling,
    closing
};
enum class AcquireOutcome : std::uint8_t { ok, timeout, rejected, cancelled, error };
enum class RejectReason : std::uint8_t {
    queue_full,
    breaker_open,
    draining,
    tenant_limit,
    tenant_disabled,
    upstream_refused
};
enum class ServedSource : std::uint8_t { idle, waited, created, stolen };
// Why a trace's spans are exported.
enum class SamplingReason : std::uint8_t { parent, ratio, leaked, failed, slow };
enum class WaitCause : std::uint8_t { pool_full, budget, connecting, state_sync, paused, breaker };
enum class CreateFailure : std::uint8_t {
    refused,
    timeout,
    dns,
    tls,
    auth,
    database,
    too_many,
    protocol
};
enum class ReleaseResult : std::uint8_t { clean, reset, rollback, broken };
enum class ReapReason : std::uint8_t {
    idle,
    max_lifetime,
    leak,
    check_failed,
    shrink,
    stolen,
    admin,
    server_closed,
    desync,
    config
};
enum class PinReason : std::uint8_t {
    setting,
    prepared,
    temp_table,
    listen,
    advisory_lock,
    cursor,
    user_variable,
    lock,
    multi,
    watch,
    blocking,
    subscribe,
    monitor,
    tracking,
    other
};
enum class LeakAction : std::uint8_t { report, cancel, close };
enum class ClientState : std::uint8_t { login, idle, active, waiting };
enum class ClientClose : std::uint8_t {
    client,
    login_failed,
    timeout,
    limit,
    protocol_error,
    upstream_lost,
    drain,
    admin,
    leak
};
enum class AuthFailure : std::uint8_t {
    password,
    no_pool,
    pool_not_allowed,
    tenant_not_allowed,
    method
};
enum class QueryOutcome : std::uint8_t { ok, error };
enum class TransactionEnd : std::uint8_t { commit, rollback, abandoned };
enum class BreakerState : std::uint8_t { closed, open, half_open };
enum class TenantState : std::uint8_t { known, active, waiting, saturated, disabled };
enum class Holder : std::uint8_t { same_tenant, other_tenant };
enum class Side : std::uint8_t { client, upstream };
enum class Direction : std::uint8_t { in, out };

}  // namespace weir::telemetry

namespace weir::base {

template <>
struct Words<telemetry::ServerState> {
    static constexpr std::array<std::string_view, 8> all{
        "connecting", "idle", "checking", "used", "pinned", "resetting", "cancelling", "closing"};
};
template <>
struct Words<telemetry::AcquireOutcome> {
    static constexpr std::array<std::string_view, 5> all{"ok", "timeout", "rejected", "cancelled",
                                                         "error"};
};
template <>
struct Words<telemetry::RejectReason> {
    static constexpr std::array<std::string_view, 6> all{"queue_full",      "breaker_open",
                                                         "draining",        "tenant_limit",
                                                         "tenant_disabled", "upstream_refused"};
};
template <>
struct Words<telemetry::ServedSource> {
    static constexpr std::array<std::string_view, 4> all{"idle", "waited", "created", "stolen"};
};
template <>
struct Words<telemetry::SamplingReason> {
    static constexpr std::array<std::string_view, 5> all{"parent", "ratio", "leaked", "failed",
                                                         "slow"};
};
template <>
struct Words<telemetry::WaitCause> {
    static constexpr std::array<std::string_view, 6> all{"pool_full",  "budget", "connecting",
                                                         "state_sync", "paused", "breaker"};
};
template <>
struct Words<telemetry::CreateFailure> {
    static constexpr std::array<std::string_view, 8> all{
        "refused", "timeout", "dns", "tls", "auth", "database", "too_many", "protocol"};
};
template <>
struct Words<telemetry::ReleaseResult> {
    static constexpr std::array<std::string_view, 4> all{"clean", "reset", "rollback", "broken"};
};
template <>
struct Words<telemetry::ReapReason> {
    static constexpr std::array<std::string_view, 10> all{
        "idle",   "max_lifetime", "leak",          "check_failed", "shrink",
        "stolen", "admin",        "server_closed", "desync",       "config"};
};
template <>
struct Words<telemetry::PinReason> {
    static constexpr std::array<std::string_view, 15> all{
        "setting",  "prepared",      "temp_table", "listen",   "advisory_lock",
        "cursor",   "user_variable", "lock",       "multi",    "watch",
        "blocking", "subscribe",     "monitor",    "tracking", "other"};
};
template <>
struct Words<telemetry::LeakAction> {
    static constexpr std::array<std::string_view, 3> all{"report", "cancel", "close"};
};
template <>
struct Words<telemetry::ClientState> {
    static constexpr std::array<std::string_view, 4> all{"login", "idle", "active", "waiting"};
};
template <>
struct Words<telemetry::ClientClose> {
    static constexpr std::array<std::string_view, 9> all{
        "client",        "login_failed", "timeout", "limit", "protocol_error",
        "upstream_lost", "drain",        "admin",   "leak"};
};
template <>
struct Words<telemetry::AuthFailure> {
    static constexpr std::array<std::string_view, 5> all{"password", "no_pool", "pool_not_allowed",
                                                         "tenant_not_allowed", "method"};
};
template <>
struct Words<telemetry::QueryOutcome> {
    static constexpr std::array<std::string_view, 2> all{"ok", "error"};
};
template <>
struct Words<telemetry::TransactionEnd> {
    static constexpr std::array<std::string_view, 3> all{"commit", "rollback", "abandoned"};
};
template <>
struct Words<telemetry::BreakerState> {
    static constexpr std::array<std::string_view, 3> all{"closed", "open", "half_open"};
};
template <>
struct Words<telemetry::TenantState> {
    static constexpr std::array<std::string_view, 5> all{"known", "active", "waiting", "saturated",
                                                         "disabled"};
};
template <>
struct Words<telemetry::Holder> {
    static constexpr std::array<std::string_view, 2> all{"same_tenant", "other_tenant"};
};
template <>
struct Words<telemetry::Side> {
    static constexpr std::array<std::string_view, 2> all{"client", "upstream"};
};
template <>
struct Words<telemetry::Direction> {
    static constexpr std::array<std::string_view, 2> all{"in", "out"};
};
}  // namespace weir::base
