"""What an engineer asks next: how sure are the figures, what did it cost, and who waited for how long?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from stampede.measure.run import Run
from stampede.measure.statistics import interval_of_median
from stampede.measure.summary import Row, by_strategy, summarize, valid_or_all
from stampede.measure.trial import Trial, values
from stampede.reports.cells import milliseconds, number
from stampede.reports.columns import mark, named

Trials = Sequence[Trial]
Groups = list[tuple[Row, list[Trial]]]
PERCENTILES = {"latency_p50_ms": 0.5, "latency_p99_ms": 0.99, "latency_p999_ms": 0.999}

INTERVALS = ("strategy", "DB hits", "p50 ms", "p99 ms", "p99.9 ms", "trials")
COSTS = {
    "instances\nCPU ms": ("cpu_s", 1000),
    "Redis\nCPU ms": ("redis_cpu_s", 1000),
    "database\nCPU ms": ("db_cpu_s", 1000),
    "Redis\nkB": ("redis_bytes", 1 / 1000),
    "Redis\ncommands": ("redis_commands", 1),
}
"""The metric of each column, and what it is multiplied by."""
ROLES = ("strategy", "role", "requests", "p50 ms", "p99 ms", "max ms")


class Table(NamedTuple):
    """What it is about, the titles of its columns, and its rows, whose first cells are words."""

    about: str
    titles: tuple[str, ...]
    words: int
    rows: list[tuple[str, ...]]


def tables(run: Run) -> list[Table]:
    """The tables of a run's details, about the valid trials of each strategy, or all if none is valid."""
    groups = [
        (row, valid_or_all(trials))
        for row, trials in zip(summarize(run.trials), by_strategy(run.trials).values(), strict=True)
    ]
    made = [_intervals(groups), _costs(groups), _roles(groups)] if groups else []
    return [_with_points(table, run) for table in made]


def _with_points(table: Table, run: Run) -> Table:
    """The point of a sweep in columns of its own, in place of the label that has it."""
    (_, name), *points = named(run)
    who = {row.label: (name(row), *(cell(row) for _, cell in points)) for row in run.summary}
    titles = ("strategy", *(heading for heading, _ in points), *table.titles[1:])
    rows = [(*who[label], *cells) for label, *cells in table.rows]
    return Table(table.about, titles, table.words + len(points), rows)


def _intervals(groups: Groups) -> Table:
    rows = []
    for row, trials in groups:
        cells = [
            mark(row, share) + _with_interval(values(trials, metric), milliseconds)
            for metric, share in PERCENTILES.items()
            if values(trials, metric)
        ]
        cells += ["–"] * (len(PERCENTILES) - len(cells))
        rows.append((row.label, _with_interval(values(trials, "db_hits"), number), *cells, _many(trials)))
    about = "medians over the trials, with their 95 % intervals from six trials on (none: it is one number)"
    return Table(about, INTERVALS, 1, rows)


def _many(trials: Trials) -> str:
    return str(len(trials)) if len(trials) > 1 else "one trial"


def _with_interval(known: list[float], write: Callable[[float | None], str]) -> str:
    middle, interval = write(median(known)), interval_of_median(known)
    if interval is None or interval[0] == interval[1]:
        return middle
    return f"{middle} [{write(interval[0])}, {write(interval[1])}]"


def _costs(groups: Groups) -> Table:
    rows = [
        (row.label, *(number(_per_thousand(trials, metric, times)) for metric, times in COSTS.values()))
        for row, trials in groups
    ]
    return Table("per 1,000 requests: CPU time, and what went to Redis and back", ("strategy", *COSTS), 1, rows)


def _per_thousand(trials: Trials, metric: str, times: float) -> float | None:
    shares = [times * value * 1000 / max(1, trial.requests) for trial in trials for value in values([trial], metric)]
    return median(shares) if shares else None


def _roles(groups: Groups) -> Table:
    rows = []
    for row, trials in groups:
        names = dict.fromkeys(name for trial in trials for name in trial.roles)
        for name in names:
            seen = [trial.roles[name] for trial in trials if name in trial.roles]
            figures = (median(each.p50_ms for each in seen), median(each.p99_ms for each in seen))
            highest = max(each.max_ms for each in seen)
            requests = round(sum(each.requests for each in seen) / len(trials), 1)
            rows.append(
                (
                    row.label,
                    "failed" if name == "error" else name,
                    number(requests),
                    *map(milliseconds, (*figures, highest)),
                )
            )
    return Table("latency by what became of a request", ROLES, 2, rows)
