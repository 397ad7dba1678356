"""Contenders measured in turns: rounds over all, each round beginning with another one."""

import statistics


class Contender:
    """Something that clients can be pointed at; `program` is None where nothing stands between."""

    def __init__(self, name, port, program=None):
        self.name, self.port, self.program = name, port, program


def rounds(contenders, loads, pairs, measure):
    """`measure(contender, load)` gives figures; `loads` are dicts. What each run was about stands in it."""
    runs = []
    for load in loads:
        for pair in range(pairs):
            turn = pair % len(contenders)
            for contender in contenders[turn:] + contenders[:turn]:
                runs.append({"pair": pair, "contender": contender.name, **load, **measure(contender, load)})
            print(f"{', '.join(f'{key} {value}' for key, value in load.items())}: "
                  f"round {pair + 1} of {pairs}", flush=True)
    return runs


def medians(runs, loads, contenders, figures, ratios, peer):
    """Of each figure over the rounds; `ratios` to the peer are taken within a round, where the machine was alike."""
    rows = []
    for load in loads:
        for contender in contenders:
            group = [run for run in runs
                     if run["contender"] == contender.name and load.items() <= run.items()]
            of_peer = {run["pair"]: run for run in runs
                       if run["contender"] == peer and load.items() <= run.items()}
            row = {**load, "contender": contender.name}
            for figure in figures:
                values = [run[figure] for run in group]
                row[figure] = None if None in values else statistics.median(values)
            for figure in ratios:
                row[f"{figure}_ratio"] = None if row[figure] is None else statistics.median(
                    run[figure] / of_peer[run["pair"]][figure] for run in group)
            rows.append(row)
    return rows


def shown(value, digits):
    return "-" if value is None else f"{value:.{digits}f}"
