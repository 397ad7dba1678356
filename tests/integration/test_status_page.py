"""The status page in a real browser: it tells what the API tells, to everybody who may and can read it."""

import re
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import urlopen

import psycopg
import pytest

from harness import messages as m
from harness.browser import Browser
from harness.raw import RawClient
from harness.waiting import until

pytestmark = pytest.mark.long

DESKTOP, PHONE = 1280, 390
MARKUP = "<img src=x onerror=window.hacked=1>"
HOSTILE = MARKUP + "\u202e"
TENANTS = {"name": "tenants", "match": "tenant_{tenant}", "max_size": 2, "leak_after": "1s", "acquire_timeout": "10m"}


@pytest.fixture(scope="module")
def browser(folder):
    path = Path(tempfile.mkdtemp(prefix="browser-", dir=folder))
    one = Browser(path)
    yield one
    one.stop()


def url(weir):
    return f"http://127.0.0.1:{weir.admin_port}/"


def client(weir, database="tenant_a", **options):
    return RawClient(weir.ports["trusted"]).login(database, **options)


@contextmanager
def exhausted(weir, database="tenant_a"):
    """Two clients hold what the tenant may have, a third waits until they are gone."""
    with ExitStack() as stack:
        holders = [stack.enter_context(client(weir, database, application_name="forgetful")) for _ in range(2)]
        for holder in holders:
            holder.query("BEGIN")
            holder.query("SELECT 'holding on'")
        waiter = stack.enter_context(client(weir, database))
        waiter.send(m.query("SELECT 1"))
        yield
        for holder in holders:
            holder.query("COMMIT")
        waiter.until_ready()


def verdict(tab):
    return tab.text("#verdict")


def shown(tab, what, name, fields):
    """{field: text} of the row of a pool, an upstream or a tenant."""
    script = f"""Object.fromEntries({fields!r}.map((field) => [field, [...document.querySelectorAll('[data-{what}]')]
        .find((row) => row.dataset.{what} === {name!r})?.querySelector(`[data-field="${{field}}"]`)?.textContent]))"""
    return tab.evaluate(script)


def told(row, fields):
    return {field: str(row[field]) for field in fields}


def test_what_it_shows_is_what_the_api_tells(browser, start_weir, postgres):
    weir = start_weir(postgres, pool=[TENANTS, {"name": "rest", "match": "*"}])
    with exhausted(weir), client(weir, "tenant_b") as idle, browser.open(url(weir)) as tab:
        idle.query("SELECT 1")
        health = weir.json("/health")
        pool = next(row for row in health["pools"] if row["pool"] == "tenants")
        assert pool["used"] == 2 and pool["waiting"] == 1 and pool["idle"] == 1 and pool["clients"] == 4
        numbers = ["used", "pinned", "idle", "waiting", "clients"]
        until(lambda: shown(tab, "pool", "tenants", numbers) == told(pool, numbers),
              lambda: f"{pool}: {shown(tab, 'pool', 'tenants', numbers)}")
        rest = next(row for row in health["pools"] if row["pool"] == "rest")
        until(lambda: shown(tab, "pool", "rest", numbers) == told(rest, numbers), "of the other pool")

        upstream = health["upstreams"][0]
        assert upstream["budget"] == 40 and upstream["budget_used"] >= 3
        budget = ["budget", "budget_used"]
        until(lambda: shown(tab, "upstream", "main", budget) == told(upstream, budget), "the budget")

        tenants = weir.json("/api/v1/tenants?sort=trouble&limit=20")["tenants"]
        assert [row["tenant"] for row in tenants] == ["a", "b"], "who waits comes first"
        numbers = ["used", "waiting", "timeouts", "rejections", "leaks"]
        for row in tenants:
            until(lambda one=row: shown(tab, "tenant", one["tenant"], numbers)
                  == told(next(now for now in weir.json("/api/v1/tenants")["tenants"]
                               if now["tenant"] == one["tenant"]), numbers), "the same numbers")
        assert tab.evaluate("[...document.querySelectorAll('[data-tenant]')].map((row) => row.dataset.tenant)") == ["a", "b"]

        until(lambda: len(weir.json("/api/v1/leaks")["leaks"]) == 2, "both are suspected")
        leaks = weir.json("/api/v1/leaks")["leaks"]
        until(lambda: sorted(tab.evaluate("[...document.querySelectorAll('[data-server]')].map((one) => one.dataset.server)"))
              == sorted(leak["server"] for leak in leaks), "the suspects")
        evidence = tab.text("#leaks-list")
        for leak in leaks:
            assert f"weir kill --connection {leak['server']}" in evidence
            assert leak["client_address"] in evidence and leak["last_statement"] in evidence
        assert "forgetful" in evidence and "holding on" not in evidence


def test_all_is_well_until_it_is_not_and_the_page_says_so_by_itself(browser, start_weir, postgres):
    weir = start_weir(postgres, pool=[{**TENANTS, "leak_after": "10m"}])
    with browser.open(url(weir)) as tab:
        until(lambda: verdict(tab) == "All is well", lambda: verdict(tab))
        with exhausted(weir):
            until(lambda: "Pool tenants is exhausted" in verdict(tab), lambda: verdict(tab))
            card = until(lambda: tab.text('[data-what="pool exhausted"]'), "what to do")
            assert "2 of 2 in use" in card and "tenant: a" in card
            until(lambda: "forgetful at 127.0.0.1" in tab.text('[data-what="pool exhausted"] .holders'), "who holds them")
            assert tab.text("#announcement") == f"error: {verdict(tab)}"
            assert tab.evaluate("document.title").startswith("(")
        until(lambda: verdict(tab) == "All is well", lambda: verdict(tab))
        assert tab.text("#issues") == ""


def test_waiting_for_the_budget_is_no_calm(browser, start_weir, postgres):
    """No pool is full, so that /health is content; one who waits is not."""
    weir = start_weir(postgres, pool=[{**TENANTS, "max_size": 9, "leak_after": "10m"}], upstream={"max_connections": 3})
    with ExitStack() as stack, browser.open(url(weir)) as tab:
        waiter = stack.enter_context(client(weir, "tenant_b"))  # its login learns from the server, so it comes first
        for _ in range(3):
            stack.enter_context(client(weir, "tenant_a")).query("BEGIN")
        waiter.send(m.query("SELECT 1"))
        until(lambda: verdict(tab) == "Clients wait: the budget of upstream main is used up", lambda: verdict(tab))
        assert weir.json("/health")["issues"] == []
        assert tab.evaluate("document.querySelector('#headline').dataset.status") == "warning"
        assert shown(tab, "tenant", "b", ["waiting"]) == {"waiting": "1"}


def test_a_server_that_is_gone_is_named(browser, start_weir, postgres, start_postgres):
    own = start_postgres(["tenant_a"])
    weir = start_weir(own, upstream={"breaker": {"failures": 1, "open_for": "60s", "max_open_for": "60s"}})
    with client(weir) as one, browser.open(url(weir)) as tab:
        one.query("SELECT 1")
        until(lambda: tab.text("[data-upstream=main] .badge") == "up", "up")
        own.stop()
        with pytest.raises(psycopg.Error):
            weir.connect("tenant_a").execute("SELECT 1")
        until(lambda: "No server can be reached" in verdict(tab), lambda: verdict(tab))
        assert tab.text("[data-upstream=main] .badge") == "down, breaker open"
        assert "efused" in tab.text("[data-upstream=main] .problem")
        assert "breaker open" in tab.text("[data-pool=main]")


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(browser, troubled, width, scheme):
    with browser.open(url(troubled), width, scheme=scheme) as tab:
        until(lambda: tab.text("#leaks-list") and tab.text(".holders"), "all that it can show")
        assert tab.do("violations") == []
        assert tab.evaluate("document.documentElement.scrollWidth") == width, "nothing stands out at the side"
        tab.do("press", key="?")
        until(lambda: tab.evaluate("document.querySelector('#keys').open"), "the list of keys")
        assert tab.do("violations") == []


@pytest.fixture(scope="module")
def troubled(start_module_weir, postgres):
    weir = start_module_weir(postgres, pool=[TENANTS, {**TENANTS, "name": "rest", "match": "*", "database": "tenant_b"}])
    with exhausted(weir), client(weir, HOSTILE, application_name=MARKUP) as hostile:
        hostile.query("BEGIN")
        hostile.query(f"SELECT 1 AS \"{HOSTILE}\"")
        yield weir


def test_it_asks_nobody_but_its_agent_and_no_more_than_it_needs(browser, troubled):
    with browser.open(url(troubled)) as tab:
        until(lambda: sum("/health" in one for one in tab.seen()["requests"]) >= 3, "three looks")
        seen = tab.seen()
        assert seen["problems"] == []
        assert [one for one in seen["requests"] if not one.startswith((url(troubled), "data:"))] == []
        tenants = [one for one in seen["requests"] if "/tenants" in one]
        assert tenants and all("limit=20" in one for one in tenants)


def test_what_clients_chose_is_shown_as_text(browser, troubled):
    name = MARKUP + "\\u202e"
    with browser.open(url(troubled)) as tab:
        until(lambda: name in tab.text("#tenants-table"), lambda: tab.text("#tenants-table"))
        until(lambda: tab.text("#leaks-list").count(MARKUP) == 3, lambda: tab.text("#leaks-list"))
        assert tab.evaluate("[document.images.length, window.hacked ?? 0]") == [0, 0]
        assert "\u202e" not in tab.evaluate("document.body.innerText")


def test_it_is_one_small_document_that_is_not_sent_twice(troubled):
    with urlopen(url(troubled), timeout=10) as answer:
        page, headers = answer.read().decode(), answer.headers
    assert len(page.encode()) < 150 * 1024
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"'](?!data:)", page)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-cache"
    assert troubled.admin("/", token=None, headers={"If-None-Match": headers["ETag"]})[0] == 304


def test_where_a_token_is_needed_it_asks_for_it(browser, start_weir, postgres):
    weir = start_weir(postgres, admin={"read_token": "reading-token"})

    def give(token):
        until(lambda: tab.text("#login-title"), "it asks")
        tab.do("type", where="#token", text=token)
        tab.do("press", key="Enter")

    with browser.open(url(weir)) as tab:
        give("guess")
        until(lambda: "does not know" in tab.text("#login-refused"), "refused")
        assert tab.text("#verdict") == "" and tab.text("[data-pool]") == ""
        give("reading-token")
        until(lambda: verdict(tab) == "All is well", lambda: verdict(tab))
        assert tab.text("#login-title") == ""
        tab.do("reload")
        until(lambda: verdict(tab) == "All is well", "kept for this tab")
        assert not [one for one in tab.seen()["requests"] if "token" in one]
        tab.do("click", where="#forget")
        until(lambda: tab.text("#login-title"), "forgotten")
    with browser.open(url(weir)) as another:
        until(lambda: another.text("#login-title"), "it asks again")


def test_numbers_of_an_agent_that_is_gone_are_not_passed_off_as_fresh(browser, start_weir, postgres):
    weir = start_weir(postgres)
    with browser.open(url(weir)) as tab:
        until(lambda: tab.text("#seen") == "Live", lambda: tab.text("#seen"))
        weir.stop()
        until(lambda: verdict(tab) == "The agent does not answer", lambda: verdict(tab), timeout=30)
        assert re.search(r"last seen \d+ s ago", tab.text("#seen")), tab.text("#seen")
        weir.start()
        until(lambda: tab.text("#seen") == "Live" and verdict(tab) == "All is well", lambda: verdict(tab), timeout=30)


def test_keys_do_what_the_list_says(browser, weir):
    with browser.open(url(weir)) as tab:
        until(lambda: tab.text("#seen") == "Live", "live")
        tab.do("press", key="t")
        assert tab.evaluate("document.documentElement.dataset.theme") == "light"
        tab.do("press", key="4")
        assert tab.evaluate("document.activeElement.id") == "tenants"
        tab.do("press", key="p")
        assert tab.evaluate("document.querySelector('#pause').ariaPressed") == "true"
        looks = len(tab.seen()["requests"])
        tab.do("press", key="p")
        until(lambda: len(tab.seen()["requests"]) > looks, "goes on")
