"""Agent: is Weir itself well, and what do clients see of it?"""

from .colours import plain, steps
from .links import to
from .page import Row, page
from .panels import column, mapping, series, stat, table, timeline
from .queries import missing, per_second, quantile, query

BUSY = "max(rate(weir_event_loop_busy_seconds_total{@agent}[@rate]))"
LAG = quantile(0.99, "weir_event_loop_lag_seconds", scope="@agent")
RELOADED = mapping({1: ("in effect", "green"), 0: ("last one refused", "red")})
AGENT = {"scope": "@agent"}

WELL = Row(
    "",
    stat("Agents down", "Agents that Prometheus knows of and could not scrape.", query(missing("up{@agent}")), "none",
         steps(1), to("weir-fleet", "What do the others do?")),
    stat("Youngest agent", "Time since the last start of any agent. Short after no roll-out: look for a crash in the "
         "log.", query("min(time() - process_start_time_seconds{@agent})"), "dtdurations", steps(600, 60),
         to("weir-upstreams", "Did all reconnect at once?")),
    stat("Configuration", "Whether the configuration read last is in effect on every agent. A refused one changes "
         "nothing: `weir check` says why.",
         query("min(weir_config_last_reload_successful{@agent})"), "none", steps(1, 0.5),
         to("weir-fleet", "Which agent?"), mappings=[RELOADED]),
    stat("Loop lag p99", "How much later than due loops come to their work: what a busy or starved agent adds to each "
         "query.", query(LAG), "s", steps(0.01, 0.05), to("weir-pools", "Do queries take longer?")),
    stat("Busiest loop", "Share of its time that the busiest loop works. Above 70 % give the agent more loops, or add "
         "an agent.", query(BUSY), "percentunit", steps(0.7, 0.9), to("weir-pools", "Which pool is so busy?"),
         decimals=0),
    stat("File descriptors", "The largest share of the open files allowed. A client and a server connection take one "
         "each.", query("max(process_open_fds{@agent} / process_max_fds{@agent})"), "percentunit", steps(0.7, 0.9),
         to("weir-fleet", "How many clients are there?"), decimals=0),
    stat("Client limit", "The fullest listener, as a share of its max_clients: beyond it clients are refused.",
         query("max(sum by (job, instance, listener) (weir_client_connections{@agent}) "
               "/ max by (job, instance, listener) (weir_client_connections_max{@agent}))"), "percentunit",
         steps(0.7, 0.9), to("weir-tenants", "Who has so many?"), decimals=0),
    stat("Spans lost", "Spans dropped or refused each second: traces have holes. Queries are not slowed by it.",
         query(per_second("weir_spans_total", result="dropped_queue_full|rejected|export_failed", **AGENT)), "ops",
         steps(0.001, 10), to("weir-pools", "Which waits have no trace?"), decimals=2))

LOOPS = Row(
    "Is the agent itself well?",
    series("Loops' work", "Share of its time that each loop works. Loop 0 logs clients in, the others serve pools.",
           [query("rate(weir_event_loop_busy_seconds_total{@agent}[@rate])", "{{instance}} loop {{loop}}")],
           unit="percentunit", next_link=to("weir-pools", "Which pool is so busy?"), steps=steps(0.7, 0.9),
           drill="instance"),
    series("Loops' lag, p99", "How much later than due a loop's ticks came.",
           [query(quantile(0.99, "weir_event_loop_lag_seconds", "instance", **AGENT), "{{instance}}")], unit="s",
           next_link=to("weir-pools", "Do queries take longer?"), steps=steps(0.01, 0.05), drill="instance"),
    series("CPU", "Of the whole process, in cores.",
           [query("rate(process_cpu_seconds_total{@agent}[@rate])", "{{instance}}")], unit="none",
           next_link=to("weir-pools", "Which pool is so busy?"), drill="instance"),
    series("Memory", "Resident and virtual.",
           [query("process_resident_memory_bytes{@agent}", "{{instance}}"),
            query("process_virtual_memory_bytes{@agent}", "{{instance}} virtual")], unit="bytes",
           next_link=to("weir-tenants", "How many tenants are known?"), drill="instance"),
    series("Open files", "File descriptors below the limit.",
           [query("process_open_fds{@agent}", "{{instance}}"),
            query("min(process_max_fds{@agent})", "allowed")], unit="none",
           next_link=to("weir-upstreams", "How many are the servers'?"), limits=("allowed",), drill="instance"),
    series("Threads", "A loop each, one for each upstream that connects, and some of low priority. A rising line is a "
           "fault.", [query("process_threads{@agent}", "{{instance}}")], unit="none",
           next_link=to("weir-upstreams", "How many upstreams?"), drill="instance"))

CLIENTS = Row(
    "What do clients see?",
    series("Clients by state", "Below what the listeners accept. waiting: for a server connection.",
           [query("sum by (state) (weir_client_connections{@agent})", "{{state}}"),
            query("sum(weir_client_connections_max{@agent})", "accepted")],
           next_link=to("weir-pools", "Why do they wait?"), stack=True, words=("login", "idle", "active", "waiting"),
           limits=("accepted",)),
    series("Clients coming, by listener", "Accepted each second. Many mean applications without a pool of their own.",
           [query(per_second("weir_client_connections_opened_total", "listener", **AGENT), "{{listener}}")],
           unit="ops", next_link=to("weir-tenants", "Whose are they?")),
    series("Clients going, by reason", "client is the normal end; drain and admin are an operator's doing.",
           [query(per_second("weir_client_connections_closed_total", "reason", **AGENT), "{{reason}}")], unit="ops",
           next_link=to("weir-leaks", "Were leaks taken back?")),
    series("Log-ins refused, by reason", "password: a wrong one; no_pool: no pool matches the database; the rest is "
           "not allowed to this user.",
           [query(per_second("weir_client_auth_failures_total", "reason", **AGENT), "{{reason}}")], unit="ops", w=12,
           next_link=to("weir-tenants", "Whose are they?")),
    series("Certificates not usable", "Changed certificate files that could not be loaded: the listener keeps the "
           "certificate before, until that expires.",
           [query(per_second("weir_listener_certificate_failures_total", "listener", **AGENT), "{{listener}}")],
           unit="ops", w=12, next_link=to("weir-fleet", "Which agents?")))

WATCHED = Row(
    "Is it watched as it should be?",
    timeline("Configuration, by agent", "Whether the configuration read last is in effect.",
             query("min by (instance) (weir_config_last_reload_successful{@agent})", "{{instance}}"),
             {1: ("in effect", "green"), 0: ("last one refused", "red")}, to("weir-fleet", "Which agents?"), w=8, h=8,
             drill="instance"),
    series("Reloads", "Times the configuration was read again, by result.",
           [query(per_second("weir_config_reloads_total", "result", **AGENT), "{{result}}")], unit="ops",
           next_link=to("weir-pools", "Which limits changed?"), words=("ok", "failed")),
    series("Label values without a series", "Pools or tenants beyond pools_max and tenants_max, which are added to "
           "\"other\".",
           [query(per_second("weir_metric_label_overflow_total", "label", **AGENT), "{{label}}")], unit="ops",
           next_link=to("weir-tenants", "How many are there?")),
    series("Time to collect metrics, p99", "Of each endpoint. Prometheus gives up after scrape_timeout.",
           [query(quantile(0.99, "weir_scrape_seconds", "endpoint", **AGENT), "{{endpoint}}")], w=6, unit="s",
           next_link=to("weir-tenants", "How many tenants are there?")),
    series("Size of metrics", "Of the last answer before compression.",
           [query("max by (endpoint) (weir_scrape_bytes{@agent})", "{{endpoint}}")], w=6, unit="bytes",
           next_link=to("weir-tenants", "How many tenants are there?")),
    series("Spans, by result", "Of traces, each second. unsampled ones are counted and forgotten.",
           [query(per_second("weir_spans_total", "result", **AGENT), "{{result}}")], unit="ops", w=6,
           next_link=to("weir-pools", "Which waits have a trace?"),
           words=("exported", "unsampled", "rejected")),
    series("Spans waiting for export", "Below the queue's capacity; beyond it they are dropped.",
           [query("sum(weir_span_queue_size{@agent})", "waiting"),
            query("sum(weir_span_queue_capacity{@agent})", "capacity")],
           next_link=to("weir-pools", "Which waits have a trace?"), w=6, words=("waiting",), limits=("capacity",)))

WHO = Row(
    "Which",
    table("Agents", "Each agent, the busiest on top.", ["instance", "version", "revision", "compiler"], [
        column("Busiest loop", "max by (instance) (rate(weir_event_loop_busy_seconds_total{@agent}[@rate]))",
               "percentunit", steps(0.7, 0.9), decimals=0),
        column("Up for", "max by (instance, version, revision, compiler) ((time() - process_start_time_seconds{@agent})"
               " * on (job, instance) group_left (version, revision, compiler) weir_build_info{@agent})",
               "dtdurations"),
        column("Loops", "count by (instance) (weir_event_loop_backend{@agent})", "none"),
        column("Loops with io_uring",
               'count by (instance) (weir_event_loop_backend{@agent,backend="io_uring"}) '
               "or 0 * count by (instance) (weir_event_loop_backend{@agent})", "none"),
        column("Configuration of", "max by (instance) (weir_config_last_reload_success_timestamp_seconds{@agent}) "
               "* 1000", "dateTimeAsIso"),
        column("Configuration", "min by (instance) (weir_config_last_reload_successful{@agent})", "none",
               plain("text"), [RELOADED])],
        to("weir-fleet", "What do they serve?"), "Busiest loop"))

DASHBOARD = page("weir-agent", "Whether Weir itself is well: loops, clients, memory, configuration, traces.",
                 WELL, LOOPS, CLIENTS, WHO, WATCHED)
