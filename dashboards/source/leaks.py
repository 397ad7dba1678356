"""Leaks and lifetimes: who does not give connections back, and why do connections end?"""

from .colours import steps
from .links import to
from .page import Row, page
from .panels import column, heatmap, series, stat, table
from .queries import IN_USE, allowed, heat, per_second, query

WELL = Row(
    "",
    stat("Suspected now", "Connections held and quiet for longer than leak_after. `weir leaks` names tenant, client, "
         "application, trace and last statement of each.",
         query("sum(weir_leak_suspected_connections{@pool})"), "none", steps(1, 5),
         to("weir-tenants", "Which tenant?")),
    stat("Suspected in this time", "Leaks suspected within the time shown, given back since or not.",
         query("sum(increase(weir_leaks_suspected_total{@pool}[@range]))", instant=True), "none", steps(1, 20),
         to("weir-tenants", "Which tenants?"), decimals=0),
    stat("Taken back", "Suspected leaks that leak_action ended within the time shown. Their clients saw an error.",
         query("sum(increase(weir_leaks_reclaimed_total{@pool}[@range]))", instant=True), "none", steps(1, 20),
         to("weir-pools", "Did anybody wait for them?"), decimals=0),
    stat("Longest use now", "How long the connection longest in use has been held.",
         query("max(weir_oldest_use_seconds{@pool})"), "s", steps(60, 600), to("weir-pools", "Does anybody wait?")),
    stat("Longest idle in transaction", "How long the oldest open transaction without a running query has been quiet. "
         "It holds locks and keeps the server from cleaning up.",
         query("max(weir_oldest_idle_in_transaction_seconds{@pool})"), "s", steps(10, 60),
         to("weir-pools", "How long are transactions?")),
    stat("Pinned share", "Of the connections in use, those tied to one client by its session state: they can't be "
         "shared.",
         query('(sum(weir_pool_connections{@pool,state="pinned"}) or vector(0)) '
               f"/ (sum({IN_USE}) > 0) or 0 * sum({IN_USE})"), "percentunit",
         steps(0.25, 0.5), to("weir-pools", "Is there room in spite of it?"), decimals=0),
    stat("Least use in an hour", "The fewest connections in use at once within the last hour, as a share of those "
         "allowed. A slow leak raises it while traffic stays the same.",
         query(f"sum(weir_pool_use_trough_connections{{@pool}}) / {allowed()}"), "percentunit",
         steps(0.25, 0.5), to("weir-pools", "Is there room in spite of it?"), decimals=0),
    stat("Impossible answers", "Connections closed within the time shown because a server said something impossible. "
         "Any is worth a look at the log.",
         query("sum(increase(weir_protocol_desync_total{@pool}[@range]))", instant=True), "none", steps(1),
         to("weir-upstreams", "Which server?"), decimals=0))

HELD = Row(
    "Who does not give back?",
    series("Suspected leaks, by pool", "Connections held and quiet for longer than leak_after.",
           [query("sum by (pool) (weir_leak_suspected_connections{@pool})", "{{pool}}")],
           next_link=to("weir-tenants", "Which tenants?"), drill="pool"),
    series("Longest use, by pool", "A line that climbs at 45 degrees is one connection that does not come back.",
           [query("max by (pool) (weir_oldest_use_seconds{@pool})", "{{pool}}")], unit="s",
           next_link=to("weir-tenants", "Which tenants?"), drill="pool"),
    series("Longest idle in transaction, by pool", "How long the oldest quiet transaction has been open.",
           [query("max by (pool) (weir_oldest_idle_in_transaction_seconds{@pool})", "{{pool}}")], unit="s",
           next_link=to("weir-pools", "How do transactions end?"), drill="pool"),
    series("Least and mean use", "A slow leak lifts the least use toward the mean, hour by hour.",
           [query("sum(weir_pool_use_trough_connections{@pool})", "least within an hour"),
            query(per_second("weir_pool_used_connection_seconds_total"), "mean"),
            query(allowed(), "allowed")],
           next_link=to("weir-pools", "Which pool grows?"), limits=("allowed",)),
    series("Suspected and taken back", "Leaks suspected, and taken back by leak_action, each second. Suspicions that "
           "end by themselves are slow jobs: a longer leak_after spares them.",
           [query(per_second("weir_leaks_suspected_total", "action"), "suspected, action {{action}}"),
            query(per_second("weir_leaks_reclaimed_total", "action"), "taken back by {{action}}")], unit="ops",
           next_link=to("weir-pools", "Did anybody wait for them?")),
    heatmap("Uses", "How long connections were held from grant to release. A leak is seen only after its release; "
            "before, it is the longest use. Points are traces.", heat("weir_connection_use_seconds"),
            to("weir-pools", "Did anybody wait for them?"), w=8))

PINNED = Row(
    "What ties connections to one client?",
    series("Pinned connections, by reason", "Connections tied to one client by its session state. A pool with many "
           "needs session_state = \"reset\", or an application that does without.",
           [query("sum by (reason) (weir_pinned_connections{@pool})", "{{reason}}")],
           next_link=to("weir-pools", "Which state can be carried over?"), w=12, stack=True),
    series("Pins, by reason", "Times that a client's state tied a connection to it, each second.",
           [query(per_second("weir_pins_total", "reason"), "{{reason}}")], unit="ops",
           next_link=to("weir-pools", "Which state can be carried over?"), w=12))

ENDED = Row(
    "How are connections given back, and why do they end?",
    series("Given back, by condition", "clean: nothing to do; reset: session state was wiped; rollback: an open "
           "transaction was ended; broken: the connection was closed.",
           [query(per_second("weir_releases_total", "result"), "{{result}}")], unit="ops",
           next_link=to("weir-pools", "How do transactions end?"), words=("clean", "reset", "rollback", "broken")),
    series("Closed, by reason", "Server connections closed each second. server_closed is the server's or a "
           "firewall's doing; many by idle or max_lifetime mean limits that are too short.",
           [query(per_second("weir_connections_reaped_total", "reason"), "{{reason}}")], unit="ops",
           next_link=to("weir-upstreams", "Is the server closing them?")),
    series("Impossible answers, by pool", "Connections closed because the server said something impossible.",
           [query(per_second("weir_protocol_desync_total", "pool"), "{{pool}}")], unit="ops",
           next_link=to("weir-upstreams", "Which server?"), drill="pool"),
    heatmap("Age at close", "How old server connections were when they were closed: most should reach max_lifetime.",
            heat("weir_connection_age_at_close_seconds"), to("weir-upstreams", "What does a connect cost?"), w=24))

WHO = Row(
    "Who",
    table("Pools", "Each pool template, the one with the most suspected leaks on top. `weir leaks --json` has the "
          "evidence of each.", ["pool", "engine"], [
              column("Suspected now", "sum by (pool, engine) (weir_leak_suspected_connections{@pool})", "none",
                     steps(1, 5)),
              column("Suspected in this time", "sum by (pool, engine) (increase(weir_leaks_suspected_total{@pool}"
                     "[@range]))", "none", steps(1, 20), decimals=0),
              column("Longest use", "max by (pool, engine) (weir_oldest_use_seconds{@pool})", "s", steps(60, 600)),
              column("Longest idle in transaction",
                     "max by (pool, engine) (weir_oldest_idle_in_transaction_seconds{@pool})", "s", steps(10, 60)),
              column("Pinned", "sum by (pool, engine) (weir_pinned_connections{@pool})", "none"),
              column("Least use in an hour", "sum by (pool, engine) (weir_pool_use_trough_connections{@pool})", "none"),
              column("Allowed", allowed("pool, engine"), "none")],
          to("weir-tenants", "Which tenants?"), "Suspected now", drills={"pool": ["weir-tenants"]}))

DASHBOARD = page("weir-leaks", "Who holds connections too long, what ties them to a client, and why they end.",
                 WELL, HELD, WHO, PINNED, ENDED)
