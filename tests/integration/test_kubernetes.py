"""The manifests of config/kubernetes: of the shapes that Kubernetes and the Prometheus operator know, and true to each other."""

import copy
import json
import re
import subprocess

import pytest
import yaml

from harness.processes import ROOT, run
from harness.weir import binary, clean_environment

FOLDER = ROOT / "config/kubernetes"
MODULES = ROOT / "tests/integration/node_modules"
IMPORTS = """
import type { IDaemonSet } from 'kubernetes-models/apps/v1/DaemonSet';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IService } from 'kubernetes-models/v1/Service';
import type { IServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import type { IPodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import type { IPrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
"""
# Asks the schema as well: patterns and formats are no matter of types.
VALIDATE = """
const made = JSON.parse(require('fs').readFileSync(0, 'utf8'));
for (const one of made) {
    const from = one.apiVersion.includes('monitoring') ? '@kubernetes-models/prometheus-operator/' : 'kubernetes-models/';
    const Model = require(from + one.apiVersion)[one.kind];
    try { new Model(one).validate(); } catch (error) { console.log(`${one.kind}: ${error.message}`); }
}
"""


def documents():
    """{file and place: document} of everything but the kustomization."""
    return {f"{path.stem}_{at}": document for path in sorted(FOLDER.glob("*.yaml")) if path.stem != "kustomization"
            for at, document in enumerate(yaml.safe_load_all(path.read_text()))}


def document(kind):
    return next(one for one in documents().values() if one["kind"] == kind)


def pods():
    return {kind: document(kind)["spec"]["template"]["spec"] for kind in ("DaemonSet", "Deployment")}


def agent(pod):
    return next(one for one in [*pod.get("initContainers", []), *pod["containers"]] if one["name"] == "weir")


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text)[1])


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """told({name: document}): what TypeScript and the schemas have against them."""
    folder = tmp_path_factory.mktemp("manifests")
    (folder / "node_modules").symlink_to(MODULES)
    (folder / "validate.js").write_text(VALIDATE)

    def ask(made):
        for name, one in made.items():
            (folder / f"{name}.ts").write_text(
                f"{IMPORTS}\nexport const made: I{one['kind']} = {json.dumps(one, indent=1)};\n")
        (folder / "tsconfig.json").write_text(json.dumps({"files": [f"{name}.ts" for name in made], "compilerOptions": {
            "noEmit": True, "strict": True, "skipLibCheck": True, "target": "es2022", "module": "esnext",
            "moduleResolution": "bundler", "types": []}}))
        types = run(["node", MODULES / "typescript/bin/tsc", "--pretty", "false"], check=False, cwd=folder)
        schemas = subprocess.run(["node", folder / "validate.js"], input=json.dumps(list(made.values())), text=True,
                                 capture_output=True, timeout=120, check=True)
        return types.stdout + types.stderr + schemas.stdout
    return ask


def test_every_manifest_is_what_kubernetes_and_the_operator_expect(told):
    assert {one["kind"] for one in documents().values()} == {
        "DaemonSet", "Deployment", "Service", "ServiceMonitor", "PodMonitor", "PrometheusRule"}
    assert told(documents()) == ""


MISTAKES = {
    "name_of_probe": lambda pod: agent(pod).update(aliveProbe=agent(pod).pop("livenessProbe")),
    "name_in_probe": lambda pod: agent(pod)["readinessProbe"].update(period=2),
    "kind_of_value": lambda pod: pod.update(terminationGracePeriodSeconds="90s"),
    "no_name": lambda pod: agent(pod).pop("name"),
}


def test_a_mistake_would_be_seen(told):
    made = {}
    for name, spoil in MISTAKES.items():
        made[name] = copy.deepcopy(document("DaemonSet"))
        spoil(made[name]["spec"]["template"]["spec"])
    assert set(re.findall(r"^(\w+)\.ts\(\d+,\d+\): error TS2", told(made), re.MULTILINE)) == set(MISTAKES)


def test_the_rules_are_those_of_alerts(tmp_path):
    run(["/usr/bin/python3", "-B", FOLDER / "build.py", "--check"])
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(document("PrometheusRule")["spec"]))
    found = run(["promtool", "check", "rules", tmp_path / "rules.yml"]).stdout
    assert "SUCCESS" in found


def test_what_the_kustomization_names_is_there():
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    files = kustomization["resources"] + kustomization["configMapGenerator"][0]["files"]
    assert all((FOLDER / name).is_file() for name in files)
    assert {path.name for path in FOLDER.glob("*.yaml")} == {*kustomization["resources"], "kustomization.yaml",
                                                             "sidecar.yaml"}
    assert {one["name"] for one in kustomization["images"]} == {agent(pods()["DaemonSet"])["image"]}


@pytest.mark.parametrize("kind", ["DaemonSet", "Deployment"])
def test_a_pod_is_true_to_itself(kind):
    pod, container = pods()[kind], agent(pods()[kind])
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    paths = {"startupProbe": "/startupz", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    for probe, path in paths.items():
        asked = container[probe]["httpGet"]
        assert (asked["path"], ports[asked["port"]]) == (path, 9630)
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    selector = document(kind)["spec"]["selector"]["matchLabels"]
    assert selector.items() <= document(kind)["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.parametrize("kind", ["DaemonSet", "Deployment"])
def test_the_agent_may_do_nothing_that_it_need_not(kind):
    pod, container = pods()[kind], agent(pods()[kind])
    assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                            "capabilities": {"drop": ["ALL"]}}


def test_services_and_monitors_find_the_pods():
    service, labels = document("Service"), document("DaemonSet")["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    named = {port["name"] for port in agent(pods()["DaemonSet"])["ports"]}
    assert {port["targetPort"] for port in service["spec"]["ports"]} == named
    monitor = document("ServiceMonitor")["spec"]
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert {one["port"] for one in monitor["endpoints"]} <= {port["name"] for port in service["spec"]["ports"]}
    assert service["metadata"]["labels"][monitor["jobLabel"]] == "weir", "what the alerts' job begins with"
    sidecars = document("PodMonitor")["spec"]
    assert sidecars["selector"]["matchLabels"].items() <= \
        document("Deployment")["spec"]["template"]["metadata"]["labels"].items()
    assert {one["port"] for one in sidecars["podMetricsEndpoints"]} <= \
        {port["name"] for port in agent(pods()["Deployment"])["ports"]}
    for endpoints in (monitor["endpoints"], sidecars["podMetricsEndpoints"]):
        assert [one["path"] for one in endpoints] == ["/metrics", "/metrics/tenants"]


@pytest.fixture
def checked(tmp_path):
    """checked(container): the settings that its arguments and variables give, by `weir check` and serve's own eyes."""
    for name in ("app-password", "read-token"):
        (tmp_path / name).write_text("secret")
    config = tmp_path / "weir.toml"
    config.write_text((FOLDER / "weir.toml").read_text().replace("/etc/weir/secrets", str(tmp_path)))

    def check(container):
        environment = {one["name"]: one["value"] for one in container.get("env", [])}
        return run([binary(), "check", "--config", config], env={**clean_environment(), **environment}, check=False)
    return check


@pytest.mark.parametrize("kind", ["DaemonSet", "Deployment"])
def test_the_agent_understands_its_configuration(checked, kind):
    container = agent(pods()[kind])
    done = checked(container)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in [one["name"] for one in container.get("env", [])]:
        broken = {"env": [{"name": name, "value": "nonsense"}]}
        assert checked(broken).returncode == 1, f"{name} is heeded"


@pytest.mark.parametrize("kind", ["DaemonSet", "Deployment"])
def test_a_drain_fits_into_the_time_that_a_pod_is_given_to_end(kind):
    text = (FOLDER / "weir.toml").read_text()
    drain = sum(seconds(re.search(rf'^{key} = "(\w+)"', text, re.MULTILINE)[1])
                for key in ("drain_grace", "drain_timeout"))
    assert pods()[kind]["terminationGracePeriodSeconds"] > drain
