#!/usr/bin/env python3
"""Writes the dashboards' JSON beside this file from what source/ says of them.

dashboards/build.py            writes what has changed
dashboards/build.py --check    writes nothing, and exits 1 when a file is not what it would write
"""

import argparse
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True

from source import agent, fleet, leaks, pools, tenants, upstreams

HERE = Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only tell which files are not current")
    check = parser.parse_args().check
    stale = []
    for room in (fleet, pools, leaks, upstreams, tenants, agent):
        made = room.DASHBOARD
        path = HERE / f"{made['uid']}.json"
        text = json.dumps(made, indent=2, ensure_ascii=False) + "\n"
        if not path.exists() or path.read_text() != text:
            stale.append(path.name)
            if not check:
                path.write_text(text)
    for name in stale:
        print(f"{name} {'is not current: run dashboards/build.py' if check else 'written'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
