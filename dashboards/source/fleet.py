"""Fleet overview: is all well, and where is it not?"""

from .colours import PROMISED, plain, steps
from .links import to
from .page import Row, page
from .panels import column, mapping, series, stat, table
from .queries import (FAILING, FULLEST_BUDGET, IN_TIME, IN_USE, PROMISED_SECONDS, WAITERS, allowed, missing, per_second,
                      quantile, query, upstreams_down)

WELL = Row(
    "",
    stat("Agents down", "Agents that Prometheus knows of and could not scrape. Their clients get no connection, or "
         "nobody knows. First look at the Agent dashboard when it was last seen.",
         query(missing("up{@agent}")), "none", steps(1), to("weir-agent", "Which agent, and since when?")),
    stat("Upstreams down", "Upstreams whose last connect failed. Applications that need a new connection to one of "
         "these wait or are refused.",
         query(upstreams_down()), "none", steps(1), to("weir-upstreams", "Which server, and why?")),
    stat("Acquires within 50 ms", "The promise to applications: this share of the requests for a connection was "
         "served within 50 ms; time-outs and refusals count as broken. The goal is 99.9 %.",
         query(IN_TIME), "percentunit", PROMISED, to("weir-pools", "Which pool breaks it?"), decimals=2),
    stat("Acquires failing", "Requests for a connection that ended in a time-out, a refusal or an error, each second. "
         "Every one of them is an error in an application.",
         query(per_second("weir_acquires_total", outcome=FAILING)), "ops", steps(0.001, 1),
         to("weir-pools", "Time-outs or refusals?"), decimals=2),
    stat("Longest wait now", "How long the oldest request that still waits for a connection has waited.",
         query("max(weir_pool_oldest_pending_seconds{@pool})"), "s", steps(PROMISED_SECONDS, 1),
         to("weir-pools", "What do they wait for?")),
    stat("Saturated tenants", "Tenants whose pool has somebody waiting and no connection to give.",
         query('sum(weir_tenants{@pool,state="saturated"})'), "none", steps(1, 10),
         to("weir-tenants", "Which tenants?")),
    stat("Fullest upstream", "The upstream whose budget of connections is used most. At 100 % pools take connections "
         "from each other.", query(FULLEST_BUDGET), "percentunit", steps(0.8, 0.95),
         to("weir-upstreams", "Which upstream is full?")),
    stat("Suspected leaks", "Connections held and quiet for longer than leak_after: an application forgot to give "
         "them back.", query("sum(weir_leak_suspected_connections{@pool})"), "none", steps(1, 5),
         to("weir-leaks", "Who holds them?")))

EXPLAINED = Row(
    "What explains it",
    series("Connections and waiters", "All server connections by what they do, and who waits for one. Waiters over "
           "idle connections mean a limit: a tenant's max_size or an upstream's budget.",
           [query(f"sum by (state) ({IN_USE})", "{{state}}"),
            query('sum(weir_pool_connections{@pool,state="idle"})', "idle"),
            query("sum(weir_pool_pending_acquires{@pool})", "waiting")],
           next_link=to("weir-pools", "In which pool?"), w=12, stack=True, words=("used", "pinned", "idle", "waiting")),
    series("Wait for a connection, p99 by pool", "99 of 100 requests for a connection were decided within this time; "
           "the dashed lines are the promised 50 ms and one second. Points are traces.",
           [query(quantile(0.99, "weir_acquire_wait_seconds", "pool"), "{{pool}}")], unit="s",
           next_link=to("weir-pools", "Why does it wait?"), w=12, steps=steps(PROMISED_SECONDS, 1), drill="pool"),
    series("Queries", "Queries answered each second, by pool.",
           [query(per_second("weir_queries_total", "pool"), "{{pool}}")], unit="ops",
           next_link=to("weir-pools", "How long do they take?"), drill="pool"),
    series("Acquires that failed, by pool", "Requests for a connection that ended in a time-out, a refusal or an "
           "error.", [query(per_second("weir_acquires_total", "pool", outcome=FAILING), "{{pool}}")], unit="ops",
           next_link=to("weir-pools", "What was the reason?"), drill="pool"),
    series("Queries answered with an error", "By pool. These come from the servers: Weir only relays them.",
           [query(per_second("weir_queries_total", "pool", outcome="error"), "{{pool}}")], unit="ops",
           next_link=to("weir-pools", "Which errors?"), drill="pool"))

WHO = Row(
    "Who",
    table("Pools", "Each pool template, the one with the most waiting on top. A pool's name leads to its capacity, "
          "its leaks and its tenants.", ["pool", "engine"], [
              column("Waiters on average", per_second(WAITERS, "pool, engine"), "none", steps(0.1, 1), decimals=2),
              column("Failed", per_second("weir_acquires_total", "pool, engine", outcome=FAILING), "ops",
                     steps(0.001, 1), decimals=2),
              column("Wait p99", quantile(0.99, "weir_acquire_wait_seconds", "pool, engine"), "s",
                     steps(PROMISED_SECONDS, 1)),
              column("In use", f"sum by (pool, engine) ({IN_USE})", "none"),
              column("Allowed", allowed("pool, engine"), "none"),
              column("Suspected leaks", "sum by (pool, engine) (weir_leak_suspected_connections{@pool})", "none",
                     steps(1, 5)),
              column("Queries", per_second("weir_queries_total", "pool, engine"), "ops", decimals=1)],
          to("weir-pools", "What do the waiters wait for?"), "Waiters on average",
          drills={"pool": ["weir-leaks", "weir-tenants"]}),
    table("Upstreams", "Each server, the fullest on top.", ["upstream"], [
        column("Budget used", "max by (upstream) (weir_upstream_budget_used{@agent} "
               "/ weir_upstream_budget_connections{@agent})", "percentunit", steps(0.8, 0.95), decimals=0),
        column("Reached by", "sum by (upstream) (weir_upstream_up{@agent})", "none"),
        column("Breakers open", 'sum by (upstream) (weir_upstream_breaker_state{@agent,state="open"})', "none",
               steps(1)),
        column("Failed connects", per_second("weir_connection_creates_total", "upstream", "@agent", result="failed"),
               "ops", steps(0.001, 1), decimals=2)],
        to("weir-upstreams", "What does the server say?"), "Budget used", w=12),
    table("Agents", "Each agent, the busiest on top.", ["instance", "version"], [
        column("Busiest loop", "max by (instance) (rate(weir_event_loop_busy_seconds_total{@agent}[@rate]))",
               "percentunit", steps(0.7, 0.9), decimals=0),
        column("Up for", "max by (instance, version) ((time() - process_start_time_seconds{@agent}) "
               "* on (job, instance) group_left (version) weir_build_info{@agent})", "dtdurations"),
        column("Clients", "sum by (instance) (weir_client_connections{@agent})", "none"),
        column("Configuration", "min by (instance) (weir_config_last_reload_successful{@agent})", "none",
               mappings=[mapping({1: ("in effect", "green"), 0: ("last one refused", "red")})], steps=plain("text"))],
        to("weir-agent", "Is the agent itself well?"), "Busiest loop", w=12))

DASHBOARD = page("weir-fleet", "All agents at a glance: a coloured number that is not green leads to the dashboard "
                 "that explains it.", WELL, EXPLAINED, WHO)
