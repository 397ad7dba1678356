"""Pool capacity: is there room, and what do the waiters wait for?"""

from .colours import PROMISED, plain, steps
from .links import to
from .page import Row, page
from .panels import column, heatmap, series, stat, table
from .queries import (FAILING, IN_TIME, IN_USE, PROMISED_SECONDS, WAITERS, allowed, heat, per_second, quantile,
                      quantiles, query)

REUSE = """sum(rate(weir_acquire_served_total{@pool,source=~"idle|waited"}[@rate]))
           / sum(rate(weir_acquire_served_total{@pool}[@rate]))"""

WELL = Row(
    "",
    stat("Acquires within 50 ms", "This share of the requests for a connection was served within 50 ms; time-outs and "
         "refusals count as broken. The goal is 99.9 %.", query(IN_TIME), "percentunit", PROMISED,
         to("weir-tenants", "Which tenants wait?"), decimals=2),
    stat("Waiting now", "Requests that wait for a connection at this moment.",
         query("sum(weir_pool_pending_acquires{@pool})"), "none", steps(1, 50),
         to("weir-tenants", "Which tenants wait?")),
    stat("Longest wait now", "How long the oldest request that still waits has waited.",
         query("max(weir_pool_oldest_pending_seconds{@pool})"), "s", steps(PROMISED_SECONDS, 1),
         to("weir-leaks", "Does somebody hold too long?")),
    stat("Wait p99", "99 of 100 requests for a connection were decided within this time.",
         query(quantile(0.99, "weir_acquire_wait_seconds")), "s", steps(PROMISED_SECONDS, 1),
         to("weir-upstreams", "Is the server slow to connect?")),
    stat("Acquires failing", "Time-outs, refusals and errors each second: each one is an error in an application.",
         query(per_second("weir_acquires_total", outcome=FAILING)), "ops", steps(0.001, 1),
         to("weir-tenants", "Whose are they?"), decimals=2),
    stat("Fullest pool", "The pool template with the largest share in use of the connections allowed to it, by "
         "max_size or by the budget of its upstream. One tenant may be full long before.",
         query(f"max(sum by (pool) ({IN_USE}) / {allowed('pool')})"), "percentunit", steps(0.8, 0.95),
         to("weir-tenants", "Is one tenant full?"), decimals=0),
    stat("In use on average", "Connections in use, averaged over time: what the applications really need.",
         query(per_second("weir_pool_used_connection_seconds_total")), "none", plain(),
         to("weir-leaks", "For how long is each held?"), decimals=1),
    stat("Reuse", "Requests served by a connection that was there already. Below 90 % connections come and go too "
         "often: look at idle_timeout and max_lifetime.", query(REUSE), "percentunit", steps(0.9, 0.5),
         to("weir-leaks", "Why were connections closed?"), decimals=1))

ROOM = Row(
    "Is there room?",
    series("Connections by state", "Server connections by state below what max_size and the upstreams' budgets allow. "
           "Used and pinned up to the dashed line mean that a larger one of them would help.",
           [query("sum by (state) (weir_pool_connections{@pool})", "{{state}}"),
            query(allowed(), "allowed"),
            query("sum(weir_pool_connections_idle_min{@pool})", "kept ready")],
           next_link=to("weir-upstreams", "Has the server more room?"), w=12, stack=True,
           words=("used", "pinned", "idle", "connecting", "checking", "resetting", "cancelling", "closing"),
           limits=("allowed", "kept ready")),
    series("Waiting, by pool", "Requests that wait for a connection. It counts moments; the panel on causes counts "
           "all waiting between them too.",
           [query("sum by (pool) (weir_pool_pending_acquires{@pool})", "{{pool}}")],
           next_link=to("weir-tenants", "Which tenants wait?"), w=12, drill="pool"),
    series("In use on average, by pool", "The exact mean of connections in use, whatever happened between two scrapes.",
           [query(per_second("weir_pool_used_connection_seconds_total", "pool"), "{{pool}}")],
           next_link=to("weir-leaks", "Is some of it a leak?"), drill="pool"),
    series("Saturated, by pool", "Time in which somebody waited and nothing could be given, each second, summed over a "
           "template's tenants: 1 is one tenant saturated all the time.",
           [query(per_second("weir_pool_saturated_seconds_total", "pool"), "{{pool}}")], unit="none",
           next_link=to("weir-tenants", "Which tenants are saturated?"), drill="pool"),
    series("Longest wait, by pool", "How long the oldest request that still waits has waited.",
           [query("max by (pool) (weir_pool_oldest_pending_seconds{@pool})", "{{pool}}")], unit="s",
           next_link=to("weir-leaks", "Does somebody hold too long?"), steps=steps(PROMISED_SECONDS, 1), drill="pool"))

WHY = Row(
    "Why do they wait?",
    series("Waiters by cause", "Mean number of waiters by what they wait for. pool_full: max_size; budget: the "
           "upstream's max_connections; connecting: a slow server; breaker: a dead one; paused: an operator; "
           "state_sync: session state is carried over.",
           [query(per_second(WAITERS, "cause"), "{{cause}}")], next_link=to("weir-upstreams", "Is it the server?"),
           stack=True, words=("pool_full", "budget", "connecting", "state_sync", "paused", "breaker")),
    series("Waiters by who is in their way", "Mean number of waiters by whose connections they wait for: their own "
           "tenant's, or another's.",
           [query(per_second("weir_blocked_seconds_total", "holder"), "{{holder}}")],
           next_link=to("weir-tenants", "Which tenant is noisy?"), stack=True, words=("same_tenant", "other_tenant")),
    series("How acquires ended", "Requests for a connection each second, by outcome. cancelled: the client went away.",
           [query(per_second("weir_acquires_total", "outcome"), "{{outcome}}")], unit="ops",
           next_link=to("weir-tenants", "Whose are they?"),
           words=("ok", "timeout", "rejected", "cancelled", "error")),
    heatmap("Waits", "How long requests for a connection waited, all outcomes. Points are traces.",
            heat("weir_acquire_wait_seconds"), to("weir-tenants", "Which tenants wait?")),
    heatmap("Uses", "How long connections were held from grant to release. Long uses make others wait. Points are "
            "traces.", heat("weir_connection_use_seconds"), to("weir-leaks", "Are some never given back?")),
    series("Refused, by reason", "Requests refused without a chance to be served. queue_full: max_waiting; "
           "tenant_limit and tenant_disabled: one tenant; breaker_open and upstream_refused: the server.",
           [query(per_second("weir_acquire_rejections_total", "reason"), "{{reason}}")], unit="ops",
           next_link=to("weir-upstreams", "Is the server refusing?")),
    series("Served, by source", "Where the connection came from: idle and waited are reuse, created costs a connect, "
           "stolen took another pool's.",
           [query(per_second("weir_acquire_served_total", "source"), "{{source}}")], unit="ops",
           next_link=to("weir-upstreams", "What does a connect cost?"), words=("idle", "waited", "created", "stolen")),
    series("Use p99, by pool", "99 of 100 connections were given back within this time.",
           [query(quantile(0.99, "weir_connection_use_seconds", "pool"), "{{pool}}")], unit="s",
           next_link=to("weir-leaks", "Who holds longest?"), drill="pool"))

WHO = Row(
    "Who",
    table("Pools", "Each pool template, the one with the most waiting on top. A pool's name leads to its leaks and "
          "tenants, an upstream's to the server.", ["pool", "engine", "upstream", "mode"], [
              column("Agents", "count by (pool, engine, upstream, mode) (weir_pool_info{@pool})", "none"),
              column("Waiters on average", per_second(WAITERS, "pool, engine"), "none", steps(0.1, 1), decimals=2),
              column("Failed", per_second("weir_acquires_total", "pool, engine", outcome=FAILING), "ops",
                     steps(0.001, 1), decimals=2),
              column("Wait p99", quantile(0.99, "weir_acquire_wait_seconds", "pool, engine"), "s",
                     steps(PROMISED_SECONDS, 1)),
              column("Use p99", quantile(0.99, "weir_connection_use_seconds", "pool, engine"), "s"),
              column("In use on average", per_second("weir_pool_used_connection_seconds_total", "pool, engine"), "none",
                     decimals=1),
              column("max_size of all tenants", "sum by (pool, engine) (weir_pool_connections_max{@pool})", "none"),
              column("Allowed", allowed("pool, engine"), "none")],
          to("weir-tenants", "Which tenants of it?"), "Waiters on average",
          drills={"pool": ["weir-leaks", "weir-tenants"]}))

QUERIES = Row(
    "Queries and transactions",
    series("Queries by outcome", "Queries answered each second.",
           [query(per_second("weir_queries_total", "outcome"), "{{outcome}}")], unit="ops",
           next_link=to("weir-tenants", "Whose queries?"), words=("ok", "error")),
    series("Query errors by class", "The ten most frequent: SQLSTATE class, MySQL error group or RESP prefix.",
           [query(f"topk(10, {per_second('weir_query_errors_total', 'class')})", "{{class}}")], unit="ops",
           next_link=to("weir-upstreams", "Is the server ill?")),
    series("How transactions ended", "abandoned: the client went away within one, and Weir rolled it back.",
           [query(per_second("weir_transactions_total", "end"), "{{end}}")], unit="ops",
           next_link=to("weir-leaks", "Who leaves them open?"), words=("commit", "rollback", "abandoned")),
    series("Query time", "From a query's arrival at the server connection to the end of its answer. Points are traces.",
           quantiles("weir_query_seconds"), unit="s", next_link=to("weir-upstreams", "Is the server slow?"),
           words=("p50", "p99")),
    series("Transaction time", "From the first query of a transaction to its end, idle time within it included.",
           quantiles("weir_transaction_seconds"), unit="s", next_link=to("weir-leaks", "Who idles in them?"),
           words=("p50", "p99")),
    series("Bytes", "Relayed each second: in is received and out is sent, on the side of clients and of upstreams.",
           [query(per_second("weir_network_bytes_total", "side, direction"), "{{side}} {{direction}}")], unit="Bps",
           next_link=to("weir-tenants", "Whose bytes?")), folded=True)

STATE = Row(
    "Session state in shared connections",
    series("Settings carried over", "Times that a client's settings were carried to another server connection, each "
           "a round trip. Applications that set the same on each checkout cost most.",
           [query(per_second("weir_settings_replayed_total", "pool"), "{{pool}}")], unit="ops", w=6,
           next_link=to("weir-leaks", "What pins connections?"), drill="pool"),
    series("Prepared statements used", "hit: the server connection had it already; miss: it was prepared there first.",
           [query(per_second("weir_prepared_statement_requests_total", "result"), "{{result}}")], unit="ops", w=6,
           next_link=to("weir-leaks", "What pins connections?"), words=("hit", "miss")),
    series("Prepared statements held", "Shared statements that server connections hold, counted on each.",
           [query("sum by (pool) (weir_prepared_statements{@pool})", "{{pool}}")], w=6,
           next_link=to("weir-upstreams", "What does the server say?"), drill="pool"),
    series("Prepared statements evicted", "Closed to make room for another: prepared_statements is too small, or texts "
           "are built with their values in them.",
           [query(per_second("weir_prepared_statement_evictions_total", "pool"), "{{pool}}")], unit="ops", w=6,
           next_link=to("weir-tenants", "Whose statements?"), drill="pool"), folded=True)

DASHBOARD = page("weir-pools", "Whether pools are large enough, and what waiters wait for.",
                 WELL, ROOM, WHY, WHO, QUERIES, STATE)
