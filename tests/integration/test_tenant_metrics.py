"""Tenants on a page of their own: few of them by name however many there are, and nothing counted is lost."""

import asyncio
import itertools
import random
import statistics
import subprocess
import time

import pytest

from harness.metrics import Metrics
from harness.raw import Refused
from harness.swarm import Client, close_all, open_many
from harness.waiting import until
from harness.weir import sanitized

TENANTS = 300
SEATS = 20
# Counters of tenants, and what they are of the pool's.
COUNTERS = {
    **{("weir_tenant_acquires_total", outcome): ("weir_acquires_total", {"outcome": outcome})
       for outcome in ("ok", "timeout", "rejected", "cancelled", "error")},
    ("weir_tenant_acquire_wait_seconds_total", None): ("weir_acquire_wait_seconds_sum", {}),
    ("weir_tenant_rejections_total", None): ("weir_acquire_rejections_total", {}),
    ("weir_tenant_leaks_suspected_total", None): ("weir_leaks_suspected_total", {}),
    ("weir_tenant_queries_total", None): ("weir_queries_total", {}),
    ("weir_tenant_network_bytes_total", None): ("weir_network_bytes_total", {"side": "client"}),
}
GAUGES = {
    "weir_tenant_connections_max": "weir_pool_connections_max",
    "weir_tenant_pending_acquires": "weir_pool_pending_acquires",
}


def page(weir, query=""):
    status, text = weir.admin("/metrics/tenants" + query)
    assert status == 200, text
    return Metrics(text)


def named(scrape):
    return scrape.label_values("weir_tenant_queries_total", "tenant") - {"other"}


def counts(scrape):
    """The numbers of the template that must not move while two pages are read."""
    return {name: value for name, value in scrape.samples.items()
            if name[0] in {of for of, _ in COUNTERS.values()} and ("pool", "tenants") in name[1]}


def quiet_pages(weir):
    """(/metrics, /metrics/tenants) of one moment in which nothing happened."""
    def look():
        before, tenants, after = weir.metrics(), page(weir), weir.metrics()
        return (after, tenants) if counts(before) == counts(after) else None
    return until(look, "nothing happens", timeout=30)


def many_pools(**settings):
    return [{"name": "hog", "match": "tenant_a"},
            {"name": "tenants", "match": "t{tenant}", "database": "tenant_b", "acquire_timeout": "30s", **settings}]


async def visit(weir, tenants, statement="SELECT 1"):
    """One client a tenant logs in and asks once; how many were refused, at either."""
    clients = []

    async def one(number):
        try:
            clients.append(await Client.open(weir.ports["trusted"], tenants[number]))
            await clients[-1].query(statement)
        except Refused:
            return 1
        return 0
    refused = await open_many(len(tenants), one)
    close_all(clients)
    return sum(refused)


def names(count):
    return [f"t{number:05}" for number in range(count)]


@pytest.fixture(scope="module")
def many(start_module_weir, postgres):
    weir = start_module_weir(postgres, pool=many_pools(),
                             metrics={"tenants_max": SEATS, "tenants_top": SEATS // 2, "tenants_always": ["00299"]})
    assert asyncio.run(visit(weir, names(TENANTS))) == 0
    return weir


def test_promtool_has_nothing_to_say(many):
    done = subprocess.run(["promtool", "check", "metrics"], input=page(many).text, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert (done.returncode, done.stdout) == (0, "")


def test_few_of_many_tenants_are_named_and_the_rest_is_others(many):
    pool, tenants = quiet_pages(many)
    assert "00299" in named(tenants), "who always has a seat, has it from its first event"
    assert len(named(tenants)) <= SEATS
    assert tenants.value("weir_tenant_queries_total", pool="tenants", tenant="00299") == 1
    assert tenants.value("weir_tenant_queries_total", pool="tenants") == TENANTS
    for gauge, of_pool in GAUGES.items():
        assert tenants.value(gauge, pool="tenants") == pool.value(of_pool, pool="tenants"), gauge
    assert "tenant" not in {label for _, labels in pool.samples for label, _ in labels}


def test_a_part_of_the_page_can_be_asked_for(many):
    assert named(page(many, "?tenant=00299")) == {"00299"}
    assert page(many, "?tenant=00299").label_values("weir_tenant_queries_total", "tenant") == {"00299"}
    assert not page(many, "?tenant=nobody").samples
    assert len(named(page(many, "?limit=2"))) == 2
    assert many.admin("/metrics/tenants?limit=few")[0] == 400


def test_the_list_of_tenants_tells_all_of_them_in_pages(many):
    def rows(query):
        return many.json(f"/api/v1/tenants?pool=tenants&sort=name&{query}")["tenants"]
    pages = [rows(f"limit=120&offset={offset}") for offset in (0, 120, 240, 360)]
    assert [len(part) for part in pages] == [120, 120, 60, 0]
    assert [row["tenant"] for row in itertools.chain(*pages)] == [name[1:] for name in names(TENANTS)]
    assert all(row["queries"] >= 1 and row["bytes_in"] > 0 for row in itertools.chain(*pages))
    shown = many.command("tenants", "--pool", "tenants", "--sort", "name", "--limit", "2", "--offset", "5").stdout
    assert "00005" in shown and "00006" in shown and "00004" not in shown and "00007" not in shown
    assert "293 more" in shown


def test_never_more_are_named_when_every_tenant_is_in_trouble(start_weir, postgres):
    weir = start_weir(postgres, upstream={"max_connections": 2}, pool=many_pools(acquire_timeout="300ms"),
                      metrics={"tenants_max": SEATS, "tenants_top": 5})
    with weir.connect("tenant_a") as one, weir.connect("tenant_a") as another:
        one.execute("BEGIN")
        another.execute("BEGIN")
        assert asyncio.run(visit(weir, names(TENANTS))) == TENANTS

        def full():
            seen = page(weir)
            assert len(named(seen)) <= SEATS
            return len(named(seen)) == SEATS
        until(full, "every seat is taken", timeout=30)
        until(lambda: weir.value("weir_metric_label_overflow_total", label="tenant") >= TENANTS - SEATS - 1,
              "those who found none are counted", timeout=30)
        assert asyncio.run(visit(weir, names(TENANTS)[::-1])) == TENANTS
        seen = quiet_pages(weir)[1]
        assert len(named(seen)) == SEATS
        assert seen.value("weir_tenant_acquires_total", pool="tenants", outcome="timeout") == 2 * TENANTS
        assert all(seen.value("weir_tenant_acquires_total", tenant=tenant, outcome="timeout") > 0
                   for tenant in named(seen) - {"tenant_a"})


def test_increases_add_up_between_any_two_scrapes(start_weir, postgres):
    """While tenants come and go, get into trouble, and their pools are forgotten and made again."""
    chance = random.Random(4711)
    weir = start_weir(postgres, upstream={"max_connections": 6},
                      pool=many_pools(max_tenants=40, max_size=1, max_waiting=1, acquire_timeout="400ms"),
                      metrics={"tenants_max": 12, "tenants_top": 4})
    last, rounds, refused = {}, [], 0
    for _ in range(8):
        crowd = [chance.choice(names(60)) for _ in range(chance.randrange(30, 90))]
        refused += asyncio.run(visit(weir, crowd, "SELECT pg_sleep(0.05), repeat('x', 500)"))
        pool, tenants = quiet_pages(weir)
        assert len(named(tenants)) <= 12
        for series, value in tenants.samples.items():
            if series[0].endswith("_total"):
                assert value >= last.get(series, 0), f"{series} went down"
                last[series] = value
        sums = {}
        for (name, outcome), (of_pool, labels) in COUNTERS.items():
            wanted = {("pool", "tenants"), *([("outcome", outcome)] if outcome else [])}
            ours = sum(value for (its_name, its_labels), value in last.items()
                       if its_name == name and wanted <= its_labels)
            sums[name, outcome] = (ours, pool.value(of_pool, pool="tenants", **labels))
        rounds.append(sums)
    for (one, other) in itertools.combinations(rounds, 2):
        for counter, (ours, pools) in other.items():
            assert ours - one[counter][0] == pytest.approx(pools - one[counter][1], abs=1e-6), counter
    ours, pools = rounds[-1]["weir_tenant_acquires_total", "rejected"]
    assert ours == pools > 0, "tenants were in trouble"
    assert refused > 0, "as their clients saw"


def test_rules_are_taken_over_by_a_reload(start_weir, postgres):
    weir = start_weir(postgres, pool=many_pools(), metrics={"tenants_max": 4, "tenants_top": 4})
    assert asyncio.run(visit(weir, names(10))) == 0
    until(lambda: len(named(page(weir))) == 4, "four have a seat", timeout=30)
    queries = page(weir).value("weir_tenant_queries_total", pool="tenants")
    weir.settings["metrics"] = {"tenants_max": 1, "tenants_top": 0, "tenants_always": ["00009"]}
    weir.configure()
    weir.command("reload")
    until(lambda: named(page(weir)) == {"00009"}, lambda: f"one is left: {named(page(weir))}", timeout=30)
    visits = itertools.count()

    def counted():  # its own from the next tick of its loop on
        assert asyncio.run(visit(weir, ["t00009"])) == 0
        next(visits)
        return page(weir).value("weir_tenant_queries_total", tenant="00009") > 0
    until(counted, "it is counted", timeout=30)
    assert page(weir).value("weir_tenant_queries_total", pool="tenants") <= queries + next(visits)
    assert "not_yet_in_effect" not in weir.log()


def cost(weir, path="/metrics"):
    """(bytes, seconds) of a scrape: the middle of many."""
    took, sizes = [], []
    for _ in range(41):
        began = time.perf_counter()
        sizes.append(len(weir.admin(path)[1]))
        took.append(time.perf_counter() - began)
    return statistics.median(sizes), statistics.median(took)


@pytest.mark.alone
@pytest.mark.timeout(900)
def test_metrics_cost_the_same_with_one_tenant_and_with_thousands(start_weir, postgres, size):
    known, active = size(1000, 20_000), size(200, 5_000)
    weir = start_weir(postgres, listen={"max_clients": active + 100},
                      pool=many_pools(max_tenants=known + 1, acquire_timeout="5m", max_waiting=0))

    async def ask(tenants, while_open=lambda: None):
        clients = await open_many(len(tenants), lambda number: Client.open(weir.ports["trusted"], tenants[number]))
        await asyncio.gather(*(client.query("SELECT 1") for client in clients))
        result = while_open()
        close_all(clients)
        return result

    one_size, one_time = asyncio.run(ask(["t00000"] * active, lambda: cost(weir)))
    everybody = names(known)
    for begin in range(active, known, active):
        asyncio.run(ask(everybody[begin:begin + active]))
    many_size, many_time = asyncio.run(ask(everybody[:active], lambda: cost(weir)))
    assert weir.value("weir_tenants", pool="tenants", state="known") == known
    assert many_size == pytest.approx(one_size, rel=0.1)
    assert len(named(page(weir))) <= 100
    if not sanitized():
        assert many_time < 3 * one_time + 0.02, (one_time, many_time)
