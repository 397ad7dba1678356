"""What every dashboard keeps to, whatever it shows; no server is needed for it."""

import json
import re

import pytest

from harness import dashboards
from harness.processes import ROOT, run

METRIC = re.compile(r"\b(?:weir|process)_\w+|\bup\b")
OF_COUNTERS = re.compile(r"\w+_total\{")


@pytest.fixture(params=dashboards.UIDS)
def dashboard(request):
    return dashboards.read(request.param)


def test_the_files_are_what_their_source_writes():
    run(["/usr/bin/python3", "-B", ROOT / "dashboards/build.py", "--check"])
    assert sorted(path.stem for path in dashboards.FOLDER.glob("*.json")) == sorted(dashboards.UIDS)


def test_it_is_imported_as_it_is(dashboard):
    assert dashboard["schemaVersion"] == 39 and dashboard["editable"] is False
    assert "__inputs" not in dashboard and "id" not in dashboard
    assert "weir" in dashboard["tags"] and dashboard["description"]
    used = {panel["datasource"]["uid"] for panel in dashboards.panels(dashboard)}
    used |= {target["datasource"]["uid"] for panel in dashboards.panels(dashboard) for target in panel["targets"]}
    assert used == {"${datasource}"}


def test_its_variables_choose_source_job_agent_and_pool(dashboard):
    variables = {one["name"]: one for one in dashboard["templating"]["list"]}
    assert list(variables)[:4] == ["datasource", "job", "instance", "pool"]
    assert variables["datasource"]["type"] == "datasource"
    for name, one in variables.items():
        if name != "datasource":
            assert one["multi"] and one["includeAll"] and one["refresh"] == 2, name
    assert variables["pool"]["allValue"] == variables["instance"]["allValue"] == ".+"


def test_every_panel_explains_itself_and_leads_on(dashboard):
    titles = [panel["title"] for panel in dashboards.panels(dashboard)]
    for panel in dashboards.panels(dashboard):
        what = panel["title"]
        assert what and len(panel["description"]) > 10, what
        assert panel["fieldConfig"]["defaults"]["unit"], what
        assert panel["links"], what
        assert len(panel["targets"]) == len({target["refId"] for target in panel["targets"]}), what
    for row in dashboard["panels"]:
        assert row["type"] != "row" or row["title"]
    assert len(titles) == len(set(titles)), "a title names one panel"


def test_links_lead_to_another_dashboard_and_keep_what_was_chosen(dashboard):
    for panel in dashboards.panels(dashboard):
        for link in panel["links"]:
            target, question = re.fullmatch(r"/d/([\w-]+)\?(.*)", link["url"]).groups()
            assert target in dashboards.UIDS and target != dashboard["uid"], panel["title"]
            assert link["title"].endswith("?"), panel["title"]
            for kept in ("var-datasource=", "${job:queryparam}", "${instance:queryparam}", "${__url_time_range}"):
                assert kept in question, panel["title"]
    assert dashboard["links"][0]["tags"] == ["weir"]


def test_a_click_on_a_name_opens_a_dashboard_with_that_variable():
    known = {one["uid"]: {variable["name"] for variable in one["templating"]["list"]} for one in dashboards.every()}
    clicks = re.findall(r'"/d/([\w-]+)\?[^"]*&var-(\w+)=\$\{__(?:field\.labels|data\.fields)\.(\w+)\}"',
                        json.dumps(dashboards.every()))
    assert {label for _, _, label in clicks} == {"pool", "upstream", "instance"}
    for uid, variable, label in clicks:
        assert variable == label and variable in known[uid]


def test_panels_do_not_overlap_and_have_ids_of_their_own(dashboard):
    ids, taken = [], set()
    for panel in dashboard["panels"]:
        ids += [panel["id"], *(one["id"] for one in panel.get("panels", []))]
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len(ids) == len(set(ids))
    assert all(panel["type"] == "stat" for panel in dashboard["panels"] if panel["gridPos"]["y"] == 0)


def test_every_selector_carries_job_and_agent():
    for query in dashboards.panel_queries() + dashboards.annotation_queries():
        assert query.selectors(), query
        for metric, labels in query.selectors():
            assert "$job" in labels and 'instance=~"$instance"' in labels, (metric, query)
        bare = re.sub(r"\{[^{}]*\}", "", query.expr)
        assert set(METRIC.findall(bare)) == query.metrics(), f"each has a selector: {query}"


def test_counters_are_shown_as_rates_of_the_right_length():
    """Or asked whether they ever moved."""
    for query in dashboards.panel_queries():
        for counter in OF_COUNTERS.finditer(query.expr):
            before, after = query.expr[:counter.start()], query.expr[counter.end():].partition("}")[2]
            assert (before.endswith("rate(") and after.startswith("[$__rate_interval]")
                    or before.endswith("increase(") and after.startswith("[$__range]")
                    or after.startswith(") > 0")), query


def test_histograms_are_asked_for_exemplars(dashboard):
    for panel in dashboards.panels(dashboard):
        for target in panel["targets"]:
            if "_bucket{" in target["expr"] and target["range"]:
                assert target["exemplar"] is True, panel["title"]


def test_restarts_and_reloads_are_marked(dashboard):
    marks = {one["name"]: one for one in dashboard["annotations"]["list"]}
    assert "process_start_time_seconds" in marks["Restarts"]["expr"]
    assert "weir_config_last_reload_success_timestamp_seconds" in marks["Reloads"]["expr"]
    for name in ("Restarts", "Reloads"):
        assert marks[name]["enable"] and marks[name]["useValueForTime"], name


def test_promtool_accepts_every_query(tmp_path):
    queries = dashboards.panel_queries() + dashboards.annotation_queries()
    rules = [{"record": f"query_{number}", "expr": query.filled} for number, query in enumerate(queries)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboards", "rules": rules}]}))
    told = run(["promtool", "check", "rules", file]).stdout
    assert f"{len(queries)} rules found" in told, told


def test_provisioning_reads_the_folder_that_is_installed():
    told = run(["ruby", "-ryaml", "-rjson", "-e", "puts YAML.load_file(ARGV[0]).to_json",
                dashboards.FOLDER / "provisioning/dashboards/weir.yml"]).stdout
    provider, = json.loads(told)["providers"]
    assert provider["type"] == "file" and provider["allowUiUpdates"] is False
    assert provider["options"]["path"] == "/usr/local/share/weir/dashboards"


def test_a_word_has_the_same_colour_everywhere():
    colours = {}
    for dashboard in dashboards.every():
        for panel in dashboards.panels(dashboard):
            for override in panel["fieldConfig"]["overrides"]:
                for one in override["properties"]:
                    if one["id"] == "color":
                        name = override["matcher"]["options"]
                        assert colours.setdefault(name, one["value"]) == one["value"], (dashboard["uid"], name)
    assert {"used", "pinned", "idle", "waiting"} <= set(colours)
    assert len({colours[name]["fixedColor"] for name in ("used", "pinned", "idle", "waiting")}) == 4
