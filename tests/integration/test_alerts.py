"""The alerting rules: well-formed, complete, tested each, and asking for what an agent really says."""

import functools
import re
import shutil

import pytest
import yaml

from harness.processes import ROOT, run
from harness.waiting import until
from harness.weir import binary

ALERTS = ROOT / "alerts"
RULES = sorted((ALERTS / "rules").glob("*.yml"))
TESTS = sorted((ALERTS / "tests").glob("*.yml"))

CATALOGUE = {
    "critical": "WeirPoolExhausted WeirLeakEatingPool WeirBreakerOpen WeirAllUpstreamsDown WeirDown WeirAbsent",
    "warning": "WeirPoolSaturated WeirPoolExhaustionPredicted WeirClientConnectionsNearLimit WeirUpstreamOvercommitted "
               "WeirServerSlotsLow WeirNoisyTenant WeirConnectionLeakSuspected WeirSlowLeak WeirIdleInTransaction "
               "WeirPinnedShareHigh WeirUpstreamConnectFailures WeirProtocolDesync WeirConnectStorm WeirReapStorm "
               "WeirLowReuse WeirConfigReloadFailed WeirEventLoopLag WeirScrapeSlow WeirSpansDropped "
               "WeirMetricOverflow WeirFileDescriptorsLow WeirRestartLoop",
    "info": "WeirTenantRejections"}
SLO_BURN = [("1h", "critical"), ("6h", "critical"), ("1d", "warning"), ("3d", "warning")]
DASHBOARDS = {"weir-fleet", "weir-pools", "weir-leaks", "weir-upstreams", "weir-tenants", "weir-agent"}

SELECTOR = re.compile(r"(?<![\w:$])((?:weir|process)_\w+)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r"""(\w+)\s*(=~|!~|!=|=)\s*["']([^"']*)["']""")
RECORDED = re.compile(r"\b\w+:weir_\w+:\w+\b|\b\w+:weir_\w+:\w+")


@functools.cache
def rules():
    return [rule for file in RULES for group in yaml.safe_load(file.read_text())["groups"]
            for rule in group["rules"]]


def alerts():
    return [rule for rule in rules() if "alert" in rule]


def expressions():
    """Of rules, and of the queries that annotations make."""
    texts = [rule["expr"] for rule in rules()]
    texts += [text for rule in alerts() for text in rule["annotations"].values() if "| query" in text]
    return texts


def used_metrics():
    return {match[1].removesuffix("_bucket").removesuffix("_count").removesuffix("_sum")
            for text in expressions() for match in SELECTOR.finditer(text)}


def instances(rule):
    """What tells the rules of one alert apart, besides its name."""
    return rule["alert"], rule["labels"].get("window")


@pytest.fixture(scope="module")
def observing(start_module_weir, start_module_postgres):
    """An agent that asks its server, too, so that every family has samples."""
    server = start_module_postgres(["tenant_a"])
    server.add_role("observer", "observer-secret")
    observe = {"every": "200ms", "user": "observer", "password": "observer-secret"}
    return start_module_weir(server, upstream={"observe": observe})


def test_promtool_accepts_the_rules():
    done = run(["promtool", "check", "rules", "--lint=all", "--lint-fatal", *RULES])
    assert "FAILED" not in done.stdout + done.stderr


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_the_rules_do_what_their_tests_say(file):
    done = run(["promtool", "test", "rules", file], check=False, timeout=145)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_of_the_catalogue_is_there_with_its_severity():
    expected = {(name, None, severity) for severity, names in CATALOGUE.items() for name in names.split()}
    expected |= {("WeirAcquireSLOBurn", window, severity) for window, severity in SLO_BURN}
    found = [(*instances(rule), rule["labels"]["severity"]) for rule in alerts()]
    assert len(found) == len(set(found)) and set(found) == expected


def test_every_alert_waits_before_it_fires():
    assert [rule["alert"] for rule in alerts() if not rule.get("for")] == []


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: "-".join(filter(None, instances(rule))))
def test_an_alert_says_what_is_wrong_and_where_to_go(rule):
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url", "dashboard_url"}
    description, dashboard = rule["annotations"]["description"], rule["annotations"]["dashboard_url"]
    # The service level, of which all four windows are limits, is said in words.
    assert "limit" in description or "should be 1" in description or "is agreed" in description \
        or "where 1 is success" in description
    assert "`weir " in description, "the first command to give"
    assert re.match(r"https://grafana\.example/d/([\w-]+)\?", dashboard)[1] in DASHBOARDS
    assert "var-job=" in dashboard
    assert rule["annotations"]["runbook_url"] == \
        f"https://runbooks.example/weir/RUNBOOKS.md#{rule['alert'].lower()}"


def test_every_alert_has_its_runbook_and_no_runbook_is_left_over():
    headings = re.findall(r"^## (\w+)$", (ALERTS / "RUNBOOKS.md").read_text(), re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert set(headings) == {rule["alert"] for rule in alerts()}


def test_links_between_runbooks_lead_somewhere():
    text = (ALERTS / "RUNBOOKS.md").read_text()
    anchors = {heading.lower() for heading in re.findall(r"^## (\w+)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= anchors


def test_the_links_are_set_by_one_command_of_the_readme(tmp_path):
    for file in RULES:
        shutil.copy(file, tmp_path)
    command = re.search(r"^    sed .*?\n\n", (ALERTS / "README.md").read_text(), re.MULTILINE | re.DOTALL)[0]
    run(["sh", "-c", command.replace("/etc/prometheus/weir", str(tmp_path))])
    run(["promtool", "check", "rules", *tmp_path.glob("*.yml")])
    links = re.findall(r"https?://[\w.-]+", "".join(file.read_text() for file in tmp_path.glob("*.yml")))
    assert set(links) == {"https://wiki.acme.org", "https://grafana.acme.org"}


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: "-".join(filter(None, instances(rule))))
def test_an_alert_is_tested_from_silence_to_silence(rule):
    """Silent, silent under traffic, pending, firing with its words, firing after a restart, silent again."""
    name, window = instances(rule)
    tests = 0
    for file in TESTS:
        for test in yaml.safe_load(file.read_text())["tests"]:
            asked = [check for check in test.get("promql_expr_test", [])
                     if f'alertname="{name}"' in check["expr"]
                     and (not window or f'window="{window}"' in check["expr"])]
            if not asked:
                continue
            assert any(words["exp_alerts"] for words in test["alert_rule_test"]), "its words"
            states = []
            for check in sorted(asked, key=lambda check: int(check["eval_time"].rstrip("m"))):
                samples = check["exp_samples"]
                states.append("firing" if any("firing" in sample["labels"] for sample in samples)
                              else "pending" if samples else "silent")
            firing = states.count("firing")
            assert states == ["silent", "silent", "pending", *["firing"] * firing, "silent"] and firing, states
            tests += 1
    assert tests


def test_metrics_that_are_used_are_in_the_catalogue():
    catalogue = (ROOT / "collectors/prometheus/catalogue.h").read_text()
    known = set(re.findall(r'"((?:weir|process)_\w+)"', catalogue))
    assert used_metrics() - known == set()


def test_recorded_series_that_are_used_are_recorded():
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    assert {name for text in expressions() for name in RECORDED.findall(text)} - recorded == set()


def test_a_running_agent_exports_every_metric_used(observing):
    assert used_metrics() - set(observing.metrics().types) == set()


def test_label_values_that_are_asked_for_are_those_of_the_agent(observing):
    """A misspelled reason would make an alert silent for ever."""
    asked = [(match[1], label, word) for text in expressions() for match in SELECTOR.finditer(text)
             if not match[1].startswith("process_")
             for label, _, value in MATCHER.findall(match[2] or "")
             # %s is filled in when the alert is; no agent has tenants' label on /metrics by design.
             if value != "%s" and label != "label"
             for word in value.split("|")]

    def unknown():
        scrape = observing.metrics()
        return [one for one in asked if one[2] not in scrape.label_values(one[0], one[1])]
    # What the server said of itself is not told while it can't be asked.
    until(lambda: not unknown(), lambda: str(unknown()), timeout=30)


def test_commands_that_are_advised_exist():
    texts = [rule["annotations"]["description"] for rule in alerts()]
    texts += [(ALERTS / "RUNBOOKS.md").read_text()]
    wrong = []
    for command in {words for text in texts for words in re.findall(r"`weir ([^`]*)`", text)}:
        name, *rest = command.split()
        done = run([binary(), name, "--help"], check=False)
        wrong += [command] if done.returncode else []
        wrong += [command for word in rest if word.startswith("--") and not re.search(rf"{word}\b", done.stdout)]
    assert wrong == []


def test_amtool_accepts_the_alertmanagers_configuration():
    assert "SUCCESS" in run(["amtool", "check-config", ALERTS / "alertmanager.yml"]).stdout


@pytest.mark.parametrize("severity, receiver", [("critical", "pager"), ("warning", "tickets"), ("info", "notes")])
def test_who_is_told_goes_by_severity(severity, receiver):
    done = run(["amtool", "config", "routes", "test", f"--config.file={ALERTS / 'alertmanager.yml'}",
                "alertname=WeirAny", f"severity={severity}"])
    assert done.stdout.split() == [receiver]


def test_alerts_that_hide_others_or_are_hidden_exist():
    """By their names; test_incidents.py sees them do it."""
    names = {rule["alert"] for rule in alerts()}
    matchers = [matcher for rule in yaml.safe_load((ALERTS / "alertmanager.yml").read_text())["inhibit_rules"]
                for side in ("source_matchers", "target_matchers") for matcher in rule[side]]
    asked = {word for matcher in matchers for word in re.findall(r"Weir\w+(?!\.)\b", matcher) if "Weir.+" not in matcher}
    assert asked and asked <= names
