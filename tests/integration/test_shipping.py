"""What is shipped beside the program: each file as its own tool sees it, and true to the agent."""

import json
import re
import shlex
import signal

import pytest
import tomllib
import yaml

from harness.processes import ROOT, run
from harness.shipped import Blackbox
from harness.waiting import until
from harness.weir import binary

CONFIG = ROOT / "config"
MODULES = ROOT / "tests/integration/node_modules"
REFERENCE = tomllib.loads((CONFIG / "weir.toml").read_text())


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What `cmake --install` places, below the returned folder."""
    folder = tmp_path_factory.mktemp("installed")
    run(["cmake", "--install", binary().parent, "--prefix", folder])
    return folder


@pytest.fixture(scope="module")
def dockerfile():
    """[(instruction, arguments)], lines joined."""
    text = re.sub(r"^#.*\n", "", (CONFIG / "Dockerfile").read_text(), flags=re.MULTILINE)
    return [tuple(line.split(None, 1)) for line in re.sub(r"\\\n\s*", " ", text).splitlines() if line]


@pytest.fixture(scope="module")
def collector():
    return yaml.safe_load((CONFIG / "otel-collector.yaml").read_text())


@pytest.mark.parametrize("words", [
    ["haproxy", "-c", "-dW", "-f", "haproxy.cfg"], ["promtool", "check", "config", "prometheus.yml"],
    ["prometheus-blackbox-exporter", "--config.check", "--config.file=blackbox.yml"]], ids=lambda words: words[0])
def test_a_tool_accepts_its_example(words):
    run(words, cwd=CONFIG)


def test_everything_that_the_readme_of_config_names_is_there_and_nothing_is_left_out():
    cells = re.findall(r"^\| (`[^|]+) \|", (CONFIG / "README.md").read_text(), re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    there = {path.name + "/" * path.is_dir() for path in CONFIG.iterdir()} - {"README.md", "CMakeLists.txt", "profiles/"}
    there |= {f"profiles/{path.name}" for path in (CONFIG / "profiles").iterdir()}
    assert named == there - {"__pycache__/"}


def test_examples_are_installed_as_they_are(installed):
    share = installed / "share/weir"
    left_out = {"README.md", "CMakeLists.txt", "build.py"}
    elsewhere = {"weir.1": "share/man/man1/weir.1", "weir.socket": "lib/systemd/system/weir.socket",
                 "weir.sysusers": "lib/sysusers.d/weir.conf"}
    for path in [*CONFIG.iterdir(), *CONFIG.glob("kubernetes/*"), *CONFIG.glob("profiles/*")]:
        name = str(path.relative_to(CONFIG))
        if path.is_dir() or path.name in left_out or name == "weir.service":
            continue
        assert (installed / elsewhere.get(name, f"share/weir/{name}")).read_bytes() == path.read_bytes(), name
    assert {path.name for path in share.glob("alerts/rules/*.yml")} == \
        {path.name for path in (ROOT / "alerts/rules").glob("*.yml")}


def test_the_installed_program_is_the_one_that_the_installed_unit_starts(installed):
    unit = (installed / "lib/systemd/system/weir.service").read_text()
    assert f"\nExecStart={installed}/bin/weir serve --config /etc/weir/weir.toml\n" in unit
    assert not re.search(r"@\w+@", unit)
    assert run([installed / "bin/weir", "--version"]).stdout == run([binary(), "--version"]).stdout


def test_the_probes_from_outside_see_a_drain_before_the_listeners_close(start_weir, postgres, folder):
    weir = start_weir(postgres, agent={"drain_grace": "120s"})
    ready, port = f"http://127.0.0.1:{weir.admin_port}/readyz", weir.ports["postgresql"]
    exporter = Blackbox(folder / "blackbox-of-shipping")
    try:
        exporter.start()
        assert exporter.success("weir_ready", ready) == 1
        assert exporter.success("weir_accepts", f"127.0.0.1:{port}") == 1
        until(lambda: weir.value("weir_client_connections_closed_total", listener="postgresql", reason="client") == 1,
              lambda: str(weir.metrics().series("weir_client_connections_closed_total", listener="postgresql")))
        weir.program.send_signal(signal.SIGTERM)
        until(lambda: exporter.success("weir_ready", ready) == 0, "it is seen to drain", timeout=30)
        assert exporter.success("weir_accepts", f"127.0.0.1:{port}") == 1
        weir.stop()  # the second signal: at once
        assert exporter.success("weir_accepts", f"127.0.0.1:{port}") == 0
    finally:
        exporter.stop()


def test_the_probe_of_redis_is_answered(start_redis_weir, redis_server, folder):
    weir = start_redis_weir(redis_server)
    exporter = Blackbox(folder / "blackbox-of-redis")
    try:
        exporter.start()
        assert exporter.success("weir_redis", f"127.0.0.1:{weir.ports['redis']}") == 1
        assert exporter.success("weir_redis", f"127.0.0.1:{weir.admin_port}") == 0, "who speaks something else fails"
    finally:
        exporter.stop()


def test_nothing_is_wrong_with_the_dockerfile():
    script = ("const {validate} = require(process.argv[1]);"
              "console.log(JSON.stringify(validate(require('fs').readFileSync(process.argv[2], 'utf8'), {})))")
    found = json.loads(run(["node", "-e", script, MODULES / "dockerfile-utils", CONFIG / "Dockerfile"]).stdout)
    assert found == []


def test_the_image_has_what_the_program_is_linked_with(dockerfile):
    listed = {word for name, words in dockerfile if name == "RUN" and "--no-install-recommends" in words
              for word in words.partition("&& rm")[0].split()}
    needed = re.findall(r"NEEDED\s+(\S+)", run(["objdump", "-p", binary()]).stdout)
    owners = {run(["dpkg-query", "--search", f"*/*-linux-gnu*/{name}"]).stdout.split(":")[0] for name in needed}
    sanitizers = {"libasan8", "libubsan1", "libtsan2"}
    assert owners - listed - sanitizers == {"libc6", "libgcc-s1"}, "the two are in every image"


def test_the_image_builds_as_we_do(dockerfile):
    """Its presets and targets exist; the rest of its build is what the installed fixture does."""
    built = next(words for name, words in dockerfile if name == "RUN" and "cmake" in words)
    commands = [shlex.split(command) for command in built.split("&&")]
    presets = json.loads((ROOT / "CMakePresets.json").read_text())
    for command in commands[:2]:
        assert command[command.index("--preset") + 1] in {one["name"] for one in presets["buildPresets"]}
    assert commands[2][:4] == ["DESTDIR=/installed", "cmake", "--install", "build/release"]


def test_the_image_shows_the_usual_ports_and_runs_as_the_account_of_the_manifests(dockerfile):
    instructions = dict(dockerfile)  # of those that come once
    assert set(instructions["EXPOSE"].split()) == {"6432", "6033", "6380", REFERENCE["admin"]["listen"].split(":")[1]}
    account = instructions["USER"].split(":")
    pod = yaml.safe_load((CONFIG / "kubernetes/daemonset.yaml").read_text())["spec"]["template"]["spec"]
    assert account == [str(pod["securityContext"][key]) for key in ("runAsUser", "runAsGroup")]
    assert json.loads(instructions["ENTRYPOINT"]) + json.loads(instructions["CMD"]) == ["weir", "serve"]


def test_the_health_check_of_the_image_sees_whether_the_agent_lives(dockerfile, start_weir, postgres):
    weir = start_weir(postgres)
    words = json.loads(dict(dockerfile)["HEALTHCHECK"].partition("CMD ")[2])
    assert "9630" in words[-1]
    words[-1] = words[-1].replace("9630", str(weir.admin_port))
    assert run(words, check=False).returncode == 0
    unknown = [*words[:-1], words[-1].replace("/livez", "/nowhere")]
    assert run(unknown, check=False).returncode == 1, "another answer than 200"
    weir.stop()
    assert run(words, check=False).returncode == 1


def test_the_collectors_pipelines_use_all_that_is_defined_and_nothing_else(collector):
    pipelines = collector["service"]["pipelines"].values()
    for kind in ("receivers", "processors", "exporters"):
        assert {name for pipeline in pipelines for name in pipeline[kind]} == set(collector[kind]), kind
    assert set(collector["service"]["extensions"]) == set(collector["extensions"])
    for pipeline in pipelines:
        assert (pipeline["processors"][0], pipeline["processors"][-1]) == ("memory_limiter", "batch")


def test_the_collector_listens_where_the_reference_says_that_traces_go(collector):
    example = re.search(r"OTLP/HTTP, e\.g\. http://([^;,\s]+)", (CONFIG / "weir.toml").read_text())[1]
    assert collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"] == example


def test_the_collector_scrapes_what_prometheus_would(collector, tmp_path):
    scraped = collector["receivers"]["prometheus"]["config"]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(scraped))
    run(["promtool", "check", "config", tmp_path / "prometheus.yml"])
    ours = {one["job_name"]: (one.get("metrics_path"), one["static_configs"])
            for one in yaml.safe_load((CONFIG / "prometheus.yml").read_text())["scrape_configs"]}
    for one in scraped["scrape_configs"]:
        assert (one.get("metrics_path"), one["static_configs"]) == ours[one["job_name"]]
