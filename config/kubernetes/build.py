#!/usr/bin/env python3
"""Writes prometheusrule.yaml, the rules of alerts/ as the Prometheus operator takes them.

config/kubernetes/build.py            writes it, when it has changed
config/kubernetes/build.py --check    writes nothing, and exits 1 when it is not what it would write
"""

import sys
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
RULES = HERE.parents[1] / "alerts/rules"
HEAD = """# Written by build.py from alerts/rules: change those. The operator takes it where its ruleSelector fits the labels.
"""


def rule():
    groups = [group for file in sorted(RULES.glob("*.yml")) for group in yaml.safe_load(file.read_text())["groups"]]
    return {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule",
            "metadata": {"name": "weir", "labels": {"app.kubernetes.io/name": "weir"}}, "spec": {"groups": groups}}


def main():
    path = HERE / "prometheusrule.yaml"
    text = HEAD + yaml.safe_dump(rule(), sort_keys=False, allow_unicode=True, width=120)
    if path.exists() and path.read_text() == text:
        return 0
    if "--check" in sys.argv[1:]:
        print(f"{path.name} is not current: run config/kubernetes/build.py")
        return 1
    path.write_text(text)
    print(f"{path.name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
