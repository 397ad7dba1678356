"""Tenants: who is noisy, and who suffers from it?"""

from .colours import plain, steps
from .links import to
from .page import Row, page
from .panels import column, series, stat, table
from .queries import per_second, query

STATES = "weir_tenants{@pool,state=\"%s\"}"
OTHERS_SHARE = """sum(rate(weir_blocked_seconds_total{@pool,holder="other_tenant"}[@rate]))
                  / (sum(rate(weir_blocked_seconds_total{@pool}[@rate])) > 0)
                  or 0 * sum(rate(weir_blocked_seconds_total{@pool}[@rate]))"""
BY = "pool, tenant"
NAME = "{{pool}} {{tenant}}"


def top(expr):
    """The ten tenants with the most; the rest would be a carpet."""
    return query(f"topk(10, {expr})", NAME)


def rate(metric, **labels):
    return per_second(metric, BY, "@tenant", **labels)


WELL = Row(
    "",
    stat("Known", "Tenants that have had a client, and have not been forgotten.",
         query(f"sum({STATES % 'known'})"), "none", plain(), to("weir-pools", "In which pools?"), w=4),
    stat("Active", "Tenants with a connection in use.", query(f"sum({STATES % 'active'})"), "none", plain(),
         to("weir-pools", "How much do they use?"), w=4),
    stat("Waiting", "Tenants with somebody who waits for a connection.", query(f"sum({STATES % 'waiting'})"), "none",
         steps(1, 10), to("weir-pools", "What do they wait for?"), w=4),
    stat("Saturated", "Tenants with somebody waiting and no connection to give.",
         query(f"sum({STATES % 'saturated'})"), "none", steps(1, 10), to("weir-upstreams", "Is the server full?"), w=4),
    stat("Disabled", "Tenants that an operator has disabled, or disabled_tenants does: all their requests are refused.",
         query(f"sum({STATES % 'disabled'})"), "none", plain("purple"), to("weir-pools", "Who is refused?"), w=4),
    stat("Blocked by others", "Of the time spent waiting for connections in use, the share in which other tenants held "
         "them. High: a noisy tenant; a lower max_size or weight for it helps the others.",
         query(OTHERS_SHARE), "percentunit", steps(0.25, 0.5), to("weir-upstreams", "Is the budget too small?"), w=4,
         decimals=0))

MANY = Row(
    "How many are in trouble?",
    series("Tenants by state", "Of all pools chosen. Waiting and saturated tenants are in trouble.",
           [query("sum by (state) (weir_tenants{@pool})", "{{state}}")],
           next_link=to("weir-pools", "In which pools?"),
           words=("known", "active", "waiting", "saturated", "disabled")),
    series("Saturated tenants, by pool", "Tenants with somebody waiting and no connection to give.",
           [query('sum by (pool) (weir_tenants{@pool,state="saturated"})', "{{pool}}")],
           next_link=to("weir-pools", "What do they wait for?"), drill="pool"),
    series("Waiters by who is in their way", "Mean number of waiters by whose connections they wait for: their own "
           "tenant's, or another's.",
           [query(per_second("weir_blocked_seconds_total", "holder"), "{{holder}}")],
           next_link=to("weir-upstreams", "Is the budget too small?"), stack=True,
           words=("same_tenant", "other_tenant")),
    series("Refused as tenants", "Requests refused because a tenant has reached a limit of its own, or is disabled.",
           [query(per_second("weir_acquire_rejections_total", "pool, reason", reason="tenant_limit|tenant_disabled"),
                  "{{pool}} {{reason}}")], unit="ops",
           next_link=to("weir-pools", "Which other refusals?"), w=24, h=6, drill="pool"))

WHO = Row(
    "Who",
    table("Tenants", "Each tenant with series of its own, the one with the most waiting on top. Those without trouble "
          "and outside the top by use are together \"other\".", ["tenant", "pool"], [
              column("Waiters on average", rate("weir_tenant_acquire_wait_seconds_total"), "none",
                     steps(0.1, 1), decimals=2),
              column("Waiting now", f"sum by ({BY}) (weir_tenant_pending_acquires{{@tenant}})", "none", steps(1, 10)),
              column("In use", f"sum by ({BY}) (weir_tenant_connections_used{{@tenant}})", "none"),
              column("Allowed", f"sum by ({BY}) (weir_tenant_connections_max{{@tenant}})", "none"),
              column("Refused", rate("weir_tenant_rejections_total"), "ops", steps(0.001, 1), decimals=2),
              column("Failed", rate("weir_tenant_acquires_total", outcome="timeout|rejected|error"), "ops",
                     steps(0.001, 1), decimals=2),
              column("Leaks suspected", f"sum by ({BY}) (increase(weir_tenant_leaks_suspected_total{{@tenant}}"
                     "[@range]))", "none", steps(1, 5), decimals=0),
              column("Queries", rate("weir_tenant_queries_total"), "ops", decimals=1)],
          to("weir-leaks", "Who holds connections too long?"), "Waiters on average", h=10))

TOP = Row(
    "The top ten",
    series("Connections in use", "Who has the connections. One that stays at the top while others wait is noisy.",
           [top(f"sum by ({BY}) (weir_tenant_connections_used{{@tenant}})")],
           next_link=to("weir-upstreams", "Is the server full?"), drill="pool"),
    series("Waiters on average", "Who waits: mean number of waiters of a tenant.",
           [top(rate("weir_tenant_acquire_wait_seconds_total"))],
           next_link=to("weir-pools", "What do they wait for?"), drill="pool"),
    series("Acquires", "Who asks for connections most often.", [top(rate("weir_tenant_acquires_total"))], unit="ops",
           next_link=to("weir-pools", "Are they reused?"), drill="pool"),
    series("Refused", "Who is refused.", [top(rate("weir_tenant_rejections_total"))], unit="ops",
           next_link=to("weir-pools", "For what reason?"), drill="pool"),
    series("Queries", "Who asks most.", [top(rate("weir_tenant_queries_total"))], unit="ops",
           next_link=to("weir-pools", "How long do they take?"), drill="pool"),
    series("Bytes", "Who moves most, both ways.", [top(rate("weir_tenant_network_bytes_total"))], unit="Bps",
           next_link=to("weir-agent", "Can the agent cope?"), drill="pool"))

DASHBOARD = page("weir-tenants", "Who is noisy and who suffers. Series of single tenants come from /metrics/tenants.",
                 WELL, MANY, WHO, TOP)
