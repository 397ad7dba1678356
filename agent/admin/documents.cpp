#include "admin/documents.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace weir::admin {
namespace {

using proxy::PoolStatus;
using proxy::Snapshot;
using proxy::TemplateStatus;
using Json = nlohmann::ordered_json;

std::string text(const Json& document) {
    return document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// JSON has no infinity and no NaN; readers expect a number.
double finite(double value) { return std::isfinite(value) ? value : 0; }

template <class Status>
bool wanted(const Status& status, const Filter& filter) {
    return (!filter.pool || *filter.pool == status.pool) &&
           (!filter.tenant || *filter.tenant == status.tenant);
}

void add_counts(Json& json, const pool::PoolCounts& counts) {
    json["used"] = counts.used;
    json["idle"] = counts.idle;
    json["waiting"] = counts.waiting;
    json["connecting"] = counts.connecting;
    json["checking"] = counts.checking;
    json["pinned"] = counts.pinned;
    json["resetting"] = counts.resetting;
    json["cancelling"] = counts.cancelling;
    json["closing"] = counts.closing;
    json["max"] = counts.max;
    json["oldest_wait_seconds"] = base::seconds(counts.oldest_wait);
    json["leaks"] = counts.leaks;
    json["paused"] = counts.paused;
    json["disabled"] = counts.disabled;
}

Json of(const TemplateStatus& row) {
    Json json{{"pool", row.pool}, {"engine", row.engine},   {"upstream", row.upstream},
              {"mode", row.mode}, {"tenants", row.tenants}, {"clients", row.clients}};
    add_counts(json, row.counts);
    json["hit_rate"] = finite(row.hit_rate);
    json["wait_p50_seconds"] = finite(row.wait_p50_seconds);
    json["wait_p99_seconds"] = finite(row.wait_p99_seconds);
    json["acquire_timeout_seconds"] = row.acquire_timeout_seconds;
    json["warn_at"] = row.warn_at;
    json["fullest_tenant"] = row.fullest_tenant;
    json["fullest_used"] = row.fullest_used;
    json["breaker"] = row.breaker;
    json["last_connect_error"] = row.last_connect_error;
    json["acquires"] = row.acquires;
    json["timeouts"] = row.timeouts;
    json["rejections"] = row.rejections;
    return json;
}

Json of(const PoolStatus& row) {
    Json json{{"pool", row.pool},         {"tenant", row.tenant},     {"app", row.app},
              {"engine", row.engine},     {"upstream", row.upstream}, {"mode", row.mode},
              {"database", row.database}, {"loop", row.loop},         {"clients", row.clients}};
    add_counts(json, row.counts);
    json["acquires"] = row.acquires;
    json["timeouts"] = row.timeouts;
    json["rejections"] = row.rejections;
    json["queries"] = row.queries;
    json["transactions"] = row.transactions;
    json["transaction_seconds"] = static_cast<double>(row.transaction_nanoseconds) / 1e9;
    json["wait_seconds"] = static_cast<double>(row.wait_nanoseconds) / 1e9;
    json["waits"] = row.waits;
    json["leaks_suspected"] = row.leaks_suspected;
    json["bytes_in"] = row.bytes_in;
    json["bytes_out"] = row.bytes_out;
    return json;
}

Json of(const proxy::ClientStatus& row) {
    return {{"id", row.id},
            {"listener", row.listener},
            {"pool", row.pool},
            {"tenant", row.tenant},
            {"app", row.app},
            {"user", row.user},
            {"database", row.database},
            {"address", row.address},
            {"application_name", row.application_name},
            {"state", row.state},
            {"connected_seconds", row.connected_seconds},
            {"state_seconds", row.state_seconds},
            {"server", row.server}};
}

Json of(const proxy::ServerStatus& row) {
    return {{"id", row.id},
            {"pool", row.pool},
            {"tenant", row.tenant},
            {"app", row.app},
            {"upstream", row.upstream},
            {"state", row.state},
            {"pin_reason", row.pin_reason},
            {"backend_pid", row.backend_pid},
            {"age_seconds", row.age_seconds},
            {"state_seconds", row.state_seconds},
            {"client", row.client},
            {"client_address", row.client_address},
            {"application_name", row.application_name},
            {"last_statement", row.last_statement},
            {"leak_suspected", row.leak_suspected}};
}

Json of(const proxy::LeakStatus& row) {
    return {{"server", row.server},
            {"pool", row.pool},
            {"tenant", row.tenant},
            {"app", row.app},
            {"user", row.user},
            {"client", row.client},
            {"client_address", row.client_address},
            {"application_name", row.application_name},
            {"state", row.state},
            {"pin_reason", row.pin_reason},
            {"last_statement", row.last_statement},
            {"trace_id", row.trace_id},
            {"action", row.action},
            {"backend_pid", row.backend_pid},
            {"held_seconds", row.held_seconds},
            {"quiet_seconds", row.quiet_seconds}};
}

Json of(const Issue& issue) {
    return {{"severity", base::word(issue.severity)},
            {"pool", issue.pool},
            {"tenant", issue.tenant},
            {"upstream", issue.upstream},
            {"what", base::word(issue.what)},
            {"value", finite(issue.value)},
            {"limit", finite(issue.limit)},
            {"action", issue.action}};
}

Json templates(const Snapshot& snapshot, const Filter& filter) {
    Json rows = Json::array();
    for (const TemplateStatus& row : snapshot.templates) {
        if (!filter.pool || *filter.pool == row.pool) rows.push_back(of(row));
    }
    return rows;
}

template <class Status>
std::string list_document(const char* name, const std::vector<Status>& all, const Filter& filter) {
    Json rows = Json::array();
    for (const Status& row : all) {
        if (wanted(row, filter)) rows.push_back(of(row));
    }
    return text(Json{{name, std::move(rows)}});
}

std::uint64_t rank(const PoolStatus& row, TenantOrder order) {
    switch (order) {
        case TenantOrder::name:
            return 0;
        case TenantOrder::wait:
            return row.wait_nanoseconds;
        case TenantOrder::used:
            return row.counts.used + row.counts.pinned;
        case TenantOrder::rejected:
            return row.rejections;
        case TenantOrder::leaks:
            return row.counts.leaks;
    }
    return 0;
}

}  // namespace

std::string pools_document(const Snapshot& snapshot, const Filter& filter) {
    return text(Json{{"pools", templates(snapshot, filter)}, {"stale_loops", snapshot.stale}});
}

std::optional<std::string> pool_document(const Snapshot& snapshot, const std::string& pool) {
    const auto row = std::find_if(snapshot.templates.begin(), snapshot.templates.end(),
                                  [&](const TemplateStatus& t) { return t.pool == pool; });
    if (row == snapshot.templates.end()) return std::nullopt;
    Json json = of(*row);
    Json tenants = Json::array();
    for (const PoolStatus& tenant : snapshot.pools) {
        if (tenant.pool == pool) tenants.push_back(of(tenant));
    }
    json["tenants"] = std::move(tenants);
    json["stale_loops"] = snapshot.stale;
    return text(json);
}

std::string tenants_document(const Snapshot& snapshot, const Filter& filter, TenantOrder order,
                             const Page& page) {
    std::vector<const PoolStatus*> rows;
    for (const PoolStatus& row : snapshot.pools) {
        if (wanted(row, filter)) rows.push_back(&row);
    }
    std::sort(rows.begin(), rows.end(), [order](const PoolStatus* a, const PoolStatus* b) {
        const std::uint64_t of_a = rank(*a, order);
        const std::uint64_t of_b = rank(*b, order);
        if (of_a != of_b) return of_a > of_b;
        return std::tie(a->pool, a->tenant, a->app) < std::tie(b->pool, b->tenant, b->app);
    });
    const std::size_t begin = std::min(page.offset, rows.size());
    const std::size_t left = rows.size() - begin;
    const std::size_t end = begin + (page.limit == 0 ? left : std::min(page.limit, left));
    Json tenants = Json::array();
    for (std::size_t i = begin; i < end; ++i) tenants.push_back(of(*rows[i]));
    return text(Json{{"tenants", std::move(tenants)},
                     {"total", rows.size()},
                     {"offset", begin},
                     {"stale_loops", snapshot.stale}});
}

std::string clients_document(const std::vector<proxy::ClientStatus>& clients,
                             const Filter& filter) {
    return list_document("clients", clients, filter);
}

std::string servers_document(const std::vector<proxy::ServerStatus>& servers,
                             const Filter& filter) {
    return list_document("servers", servers, filter);
}

std::string leaks_document(const std::vector<proxy::LeakStatus>& leaks, const Filter& filter) {
    return list_document("leaks", leaks, filter);
}

std::string succession_document(const proxy::SuccessionStatus& status) {
    return text(Json{{"process", status.process},
                     {"predecessor", status.predecessor},
                     {"starting", status.starting},
                     {"error", status.error}});
}

std::string health_document(const Health& health, const Snapshot& snapshot) {
    Json issues = Json::array();
    for (const Issue& issue : health.issues) issues.push_back(of(issue));
    return text(Json{{"status", base::word(health.status)},
                     {"issues", std::move(issues)},
                     {"unlisted_issues", health.unlisted},
                     {"pools", templates(snapshot, {})},
                     {"stale_loops", snapshot.stale}});
}

}  // namespace weir::admin
