"""PromQL with short names for what every selector has to carry, and the expressions that several dashboards share."""

import re

_AGENT = 'job=~"$job",instance=~"$instance"'
_SHORT = {
    "@agent": _AGENT,
    "@pool": f'{_AGENT},pool=~"$pool"',
    "@upstream": f'{_AGENT},upstream=~"$upstream"',
    # The tenants' endpoint is a job of its own, named like the agents' job with "-tenants" behind it.
    "@tenant": 'job=~"($job)(-tenants)?",instance=~"$instance",pool=~"$pool"',
    "@rate": "$__rate_interval",
    "@range": "$__range",
}


def promql(text):
    """`text` on one line, its @names written out."""
    one_line = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"@\w+", lambda name: _SHORT[name[0]], one_line)


def query(expr, legend="", instant=False, shape="time_series"):
    """A target. Buckets are asked for their exemplars too, which lead from a slow moment to its trace."""
    written = promql(expr)
    target = {"expr": written, "legendFormat": legend, "format": shape, "instant": instant, "range": not instant}
    if "_bucket{" in written and not instant:
        target["exemplar"] = True
    return target


def per_second(metric, by="", scope="@pool", **labels):
    """The rate of a counter, summed `by` labels; a label's value may be a pattern."""
    chosen = "".join(f',{name}=~"{value}"' for name, value in labels.items())
    grouped = f"sum by ({by}) " if by else "sum "
    return f"{grouped}(rate({metric}{{{scope}{chosen}}}[@rate]))"


def quantile(q, metric, by="", scope="@pool", **labels):
    """Of a histogram, whose name comes without _bucket."""
    buckets = per_second(f"{metric}_bucket", by=", ".join(filter(None, [by, "le"])), scope=scope, **labels)
    return f"histogram_quantile({q}, {buckets})"


def quantiles(metric, by="", scope="@pool", **labels):
    """The middle and the slow end, as two targets."""
    group = f"{{{{{by}}}}} " if by else ""
    return [query(quantile(q, metric, by, scope, **labels), f"{group}p{int(q * 100)}") for q in (0.5, 0.99)]


def heat(metric, scope="@pool", **labels):
    return query(per_second(f"{metric}_bucket", by="le", scope=scope, **labels), "{{le}}", shape="heatmap")


def missing(what):
    """How many of a metric's series are 0 that should be 1."""
    return f"count({what}) - sum({what})"


IN_USE = 'weir_pool_connections{@pool,state=~"used|pinned"}'

# The promise that the alerts watch: so many acquires are served within 50 ms. Time-outs and refusals
# count as broken, because they are observed as waits too.
IN_TIME = """sum(rate(weir_acquire_wait_seconds_bucket{@pool,outcome="ok",le="0.05"}[@rate]))
             / sum(rate(weir_acquire_wait_seconds_count{@pool}[@rate]))"""
PROMISED_SECONDS = 0.05

FAILING = "timeout|rejected|error"
# Seconds waited in each second: the mean number of waiters, which misses nobody between two scrapes.
WAITERS = "weir_acquire_wait_by_cause_seconds_total"

FULLEST_BUDGET = "max(weir_upstream_budget_used{@agent} / weir_upstream_budget_connections{@agent})"


def upstreams_down(scope="@agent"):
    """An upstream that nobody has asked for yet is not up either, but nothing is wrong with it."""
    return f"""count(weir_upstream_up{{{scope}}} == 0 and on (job, instance, upstream)
                 sum by (job, instance, upstream) (weir_connection_creates_total{{{scope}}}) > 0)
               or 0 * count(weir_upstream_up{{{scope}}})"""


def allowed(by=""):
    """Connections that can really exist: max_size of all tenants together is far more than the upstreams' budgets."""
    if by:
        sizes = f"sum by ({by}) (weir_pool_connections_max{{@pool}})"
        budgets = f"""sum by ({by}) (weir_pool_info{{@pool}}
                        * on (job, instance, upstream) group_left () weir_upstream_budget_connections{{@agent}})"""
    else:
        sizes = "sum(weir_pool_connections_max{@pool})"
        budgets = """sum(weir_upstream_budget_connections{@agent}
                       and on (job, instance, upstream) weir_pool_info{@pool})"""
    smaller = f"min by ({by})" if by else "min"
    return (f'{smaller} (label_replace({sizes}, "limit", "max_size", "", "") '
            f'or label_replace({budgets}, "limit", "budget", "", ""))')
