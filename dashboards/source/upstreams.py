"""Upstreams and servers: can they be reached, have they room, and what do they say of themselves?"""

from .colours import steps
from .links import to
from .page import Row, page
from .panels import column, heatmap, series, stat, table, timeline
from .queries import heat, missing, per_second, quantiles, query, upstreams_down

# Each agent sees the connections of the others among the server's "others", so that agents' views don't add up.
SERVER_USE = """max by (upstream) (
                  sum by (job, instance, upstream) (weir_server_connections{@upstream,owner=~"this_agent|others"})
                  / (max by (job, instance, upstream) (weir_server_max_connections{@upstream})
                     - sum by (job, instance, upstream) (weir_server_connections{@upstream,owner="reserved"})))"""
BUDGET_USE = """max by (upstream) (
    weir_upstream_budget_used{@upstream} / weir_upstream_budget_connections{@upstream})"""
BREAKER = """max by (upstream) (weir_upstream_breaker_state{@upstream,state="half_open"}
             + on (job, instance, upstream) 2 * weir_upstream_breaker_state{@upstream,state="open"})"""
BREAKER_STATES = {0: ("closed", "green"), 1: ("half open", "yellow"), 2: ("open", "red")}
CREATED = {"scope": "@upstream"}

WELL = Row(
    "",
    stat("Upstreams down", "Upstreams whose last connect failed, counted for each agent. One that nobody has asked "
         "for yet is not counted.", query(upstreams_down("@upstream")), "none", steps(1),
         to("weir-pools", "Which pools suffer?")),
    stat("Breakers open", "Upstreams that failed so often that requests are refused at once, instead of each waiting "
         "for its own failure.", query('sum(weir_upstream_breaker_state{@upstream,state="open"})'), "none", steps(1),
         to("weir-pools", "Who is refused?")),
    stat("Failed connects", "Attempts to establish a server connection that failed, each second.",
         query(per_second("weir_connection_creates_total", result="failed", **CREATED)), "ops", steps(0.001, 1),
         to("weir-pools", "Does anybody wait for one?"), decimals=2),
    stat("Connects", "Server connections established each second. Each costs the server a process or a thread: reuse "
         "should make them rare.", query(per_second("weir_connection_creates_total", result="ok", **CREATED)), "ops",
         steps(10, 100), to("weir-leaks", "Why were the old ones closed?"), decimals=2),
    stat("Fullest budget", "The upstream with the largest share of its budget in use.",
         query(f"max({BUDGET_USE})"), "percentunit", steps(0.8, 0.95), to("weir-tenants", "Who uses it up?"),
         decimals=0),
    stat("Fullest server", "The server with the largest share of its own connections in use, by Weir and by others; "
         "those kept for administrators are not counted as room.",
         query(f"max({SERVER_USE})"), "percentunit", steps(0.8, 0.95), to("weir-pools", "Which pools need them?"),
         decimals=0),
    stat("Connections moved", "Connections that a pool above its share gave up for one below it, each second. Many "
         "mean that the budget is too small for those who compete.",
         query(per_second("weir_upstream_budget_steals_total", scope="@upstream")), "ops", steps(1, 20),
         to("weir-tenants", "Who competes?"), decimals=2),
    stat("Servers silent", "Servers that did not answer when asked of themselves. Only those with an account in "
         "`observe` are asked.",
         query(missing("weir_server_poll_up{@upstream}")), "none", steps(1),
         to("weir-agent", "Is it the agent?")))

REACHED = Row(
    "Can they be reached?",
    timeline("Reached", "Whether the last attempt to reach the upstream succeeded, for any agent. Before the first "
             "client asks for a connection it has not been tried.",
             query("min by (upstream) (weir_upstream_up{@upstream})", "{{upstream}}"),
             {1: ("reached", "green"), 0: ("not reached", "red")}, to("weir-pools", "Which pools suffer?")),
    timeline("Breakers", "The state of the breaker; of several agents, the worst.", query(BREAKER, "{{upstream}}"),
             BREAKER_STATES, to("weir-pools", "Who is refused?")),
    series("Connects, by result", "Attempts to establish a server connection, by result.",
           [query(per_second("weir_connection_creates_total", "result", **CREATED), "{{result}}")], unit="ops",
           next_link=to("weir-leaks", "Why were the old ones closed?"), words=("ok", "failed")),
    series("Failed connects, by reason", "too_many: the server is full; auth and database: a wrong account or name; "
           "refused, timeout and dns: the way there.",
           [query(per_second("weir_connection_create_failures_total", "reason", **CREATED), "{{reason}}")], unit="ops",
           next_link=to("weir-pools", "Does anybody wait for one?")),
    series("Breaker transitions", "Changes of a breaker's state, by the state entered. A breaker that opens and "
           "closes in turn sees a server that is nearly dead.",
           [query(per_second("weir_upstream_breaker_transitions_total", "to", "@upstream"), "{{to}}")], unit="ops",
           next_link=to("weir-pools", "Who is refused?"), words=("closed", "half_open", "open")),
    series("Time to connect", "To establish a server connection, log-in included. Above some 50 ms it is worth "
           "keeping min_idle connections ready.", quantiles("weir_connection_create_seconds"), unit="s",
           next_link=to("weir-pools", "Does anybody wait for it?"), words=("p50", "p99"), w=12),
    heatmap("Times to connect", "How long it took to establish server connections.",
            heat("weir_connection_create_seconds"), to("weir-pools", "Does anybody wait for it?")))

FULL = Row(
    "Have they room?",
    series("Budget", "Connections that exist or are being made, of all agents together, below max_connections as now "
           "in effect: it shrinks when a server says that it is full.",
           [query("sum by (upstream) (weir_upstream_budget_used{@upstream})", "{{upstream}}"),
            query("sum by (upstream) (weir_upstream_budget_connections{@upstream})", "{{upstream}} allowed")],
           next_link=to("weir-tenants", "Who uses it up?"), w=12, drill="upstream"),
    series("Connections moved between pools", "Taken from a pool above its share for one below it.",
           [query(per_second("weir_upstream_budget_steals_total", "upstream", "@upstream"), "{{upstream}}")],
           unit="ops", next_link=to("weir-tenants", "Who competes?"), w=12, drill="upstream"),
    series("Server connections by owner", "As the servers count them, averaged over agents when there are several: "
           "Weir's, others' and those kept for administrators.",
           [query("sum by (owner) (avg by (upstream, owner) (weir_server_connections{@upstream}))", "{{owner}}"),
            query("sum(max by (upstream) (weir_server_max_connections{@upstream}))", "allowed by the servers"),
            query("sum(max by (upstream) (weir_server_max_used_connections{@upstream}))", "most since start (mysql)")],
           next_link=to("weir-pools", "Which pools need them?"), w=12, stack=True,
           words=("this_agent", "others", "reserved"), limits=("allowed by the servers", "most since start (mysql)")),
    series("Refused by the servers", "Connects of anybody that failed or were refused for being full.",
           [query(per_second(f"weir_server_{metric}_total", "upstream", "@upstream"), f"{{{{upstream}}}} {word}")
            for metric, word in (("rejected_connections", "refused"), ("aborted_connects", "aborted"))],
           unit="ops", next_link=to("weir-pools", "Does anybody wait for one?"), w=12, drill="upstream"))

ASKED = Row(
    "What do they say of themselves?",
    timeline("Answered", "Whether the server answered when it was asked of itself.",
             query("min by (upstream) (weir_server_poll_up{@upstream})", "{{upstream}}"),
             {1: ("answered", "green"), 0: ("silent", "red")}, to("weir-agent", "Is it the agent?"), w=8, h=8),
    series("Time to answer", "How long asking took the last time, connect and log-in included: what a fresh client "
           "would feel.", [query("max by (upstream) (weir_server_poll_seconds{@upstream})", "{{upstream}}")], unit="s",
           next_link=to("weir-pools", "Do queries take longer too?"), drill="upstream"),
    series("Blocked clients (redis)", "Clients of anybody that wait in a blocking command: each has a connection to "
           "itself.", [query("max by (upstream) (weir_server_blocked_clients{@upstream})", "{{upstream}}")],
           next_link=to("weir-leaks", "Which connections are pinned?"), drill="upstream"))

WHO = Row(
    "Which",
    table("Upstreams", "Each server, the fullest budget on top.", ["upstream"], [
        column("Budget used", BUDGET_USE, "percentunit", steps(0.8, 0.95), decimals=0),
        column("Server full", SERVER_USE, "percentunit", steps(0.8, 0.95), decimals=0),
        column("Breakers open", 'sum by (upstream) (weir_upstream_breaker_state{@upstream,state="open"})', "none",
               steps(1)),
        column("Failed connects", per_second("weir_connection_creates_total", "upstream", "@upstream",
                                             result="failed"), "ops", steps(0.001, 1), decimals=2),
        column("Pools", 'count by (upstream) (count by (upstream, pool) (weir_pool_info{@upstream}))', "none"),
        column("Connections of others", 'max by (upstream) (weir_server_connections{@upstream,owner="others"})',
               "none")],
        to("weir-pools", "Which pools use it?"), "Budget used"))

DASHBOARD = page("weir-upstreams", "Whether servers can be reached, how full they are, and what they say of "
                 "themselves.", WELL, REACHED, FULL, WHO, ASKED, upstream=True)
