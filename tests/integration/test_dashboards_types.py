"""Grafana's own types, as TypeScript, accept every dashboard, with the options of each kind of panel."""

import json
import re

import pytest

from harness import dashboards
from harness.processes import ROOT, run

MODULES = ROOT / "tests/integration/node_modules"
KINDS = {"stat": "Stat", "timeseries": "TimeSeries", "heatmap": "Heatmap", "table": "Table",
         "state-timeline": "StateTimeline"}
# In JSON an enumeration is its value: `Plain` says so. A dashboard's type leaves open what a kind of panel adds,
# and what a query is.
TYPES = """
import type { AnnotationQuery, Dashboard, DataSourceRef, Panel, RowPanel } from '@grafana/schema';
%(imports)s

type Plain<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T
    : T extends (infer U)[] ? Plain<U>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;

interface Target {
    refId: string;
    datasource: DataSourceRef;
    expr: string;
    legendFormat: string;
    format: 'time_series' | 'table' | 'heatmap';
    instant: boolean;
    range: boolean;
    exemplar?: boolean;
}

type Kind<Name extends string, Options, Custom> =
    Omit<Panel, 'type' | 'options' | 'fieldConfig' | 'targets'> & {
        type: Name;
        title: string;
        description: string;
        options: Options;
        fieldConfig: Omit<NonNullable<Panel['fieldConfig']>, 'defaults'> & {
            defaults: Omit<NonNullable<Panel['fieldConfig']>['defaults'], 'custom'> & { custom: Custom };
        };
        targets: Target[];
    };

type Known = %(kinds)s;

// What Grafana's Prometheus source adds to an annotation.
type Mark = AnnotationQuery & {
    expr: string; step: string; tagKeys: string; titleFormat: string; textFormat: string; useValueForTime: boolean;
};

type Variables = NonNullable<NonNullable<Dashboard['templating']>['list']>[number] & { definition?: string };

export type Drawn = Plain<Omit<Dashboard, 'panels' | 'annotations' | 'templating'> & {
    panels: (Known | (Omit<RowPanel, 'panels'> & { panels: Known[] }))[];
    annotations: { list: Mark[] };
    templating: { list: Variables[] };
}>;
"""


def types():
    imports = "\n".join(
        f"import type * as {name} from "
        f"'@grafana/schema/dist/esm/raw/composable/{name.lower()}/panelcfg/x/{name}PanelCfg_types.gen';"
        for name in KINDS.values())
    kinds = "\n    | ".join(
        f"Kind<'{kind}', {name}.Options, {'{}' if name == 'Stat' else f'{name}.FieldConfig'}>"
        for kind, name in KINDS.items())
    return TYPES % {"imports": imports, "kinds": kinds}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """compiled({name: dashboard}): what the compiler says, with names of files in it."""
    folder = tmp_path_factory.mktemp("types")
    (folder / "node_modules").symlink_to(MODULES)
    (folder / "types.ts").write_text(types())

    def compile_all(made):
        for name, dashboard in made.items():
            (folder / f"{name}.ts").write_text("import type { Drawn } from './types';\n"
                                               f"export const drawn: Drawn = {json.dumps(dashboard, indent=1)};\n")
        (folder / "tsconfig.json").write_text(json.dumps({"files": [f"{name}.ts" for name in made], "compilerOptions": {
            "noEmit": True, "strict": True, "skipLibCheck": True, "target": "es2022", "module": "esnext",
            "moduleResolution": "node10", "types": []}}))
        done = run(["node", MODULES / "typescript/bin/tsc", "--pretty", "false"], check=False, cwd=folder)
        return done.stdout + done.stderr
    return compile_all


def test_every_dashboard_is_what_grafana_expects(compiled):
    told = compiled({one["uid"]: one for one in dashboards.every()})
    assert told == "", told[:6000]


MISTAKES = {
    "value_of_option": lambda panel: panel["options"].update(graphMode="areas"),
    "name_of_option": lambda panel: panel["options"].update(colour="background"),
    "kind_of_panel": lambda panel: panel.update(type="singlestat"),
    "name_in_field": lambda panel: panel["fieldConfig"]["defaults"].update(decimal=2),
    "kind_of_value": lambda panel: panel["fieldConfig"]["defaults"].update(unit=5),
    "no_width": lambda panel: panel["gridPos"].pop("w"),
    "no_query": lambda panel: panel["targets"][0].pop("expr"),
}


def test_the_types_see_a_mistake(compiled):
    """One panel is enough to be wrong, and quicker to read for the compiler."""
    made = {}
    for name, spoil in MISTAKES.items():
        made[name] = dashboards.read("weir-fleet")
        del made[name]["panels"][1:]
        spoil(made[name]["panels"][0])
    told = compiled(made)
    assert set(re.findall(r"^(\w+)\.ts\(\d+,\d+\): error TS2", told, re.MULTILINE)) == set(MISTAKES), told
