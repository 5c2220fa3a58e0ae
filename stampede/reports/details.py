"""What an engineer asks next: how sure are the figures, what did it cost, and who waited for how long?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from stampede.measure.run import Run
from stampede.measure.statistics import interval_of_median
from stampede.measure.summary import Row, by_strategy, valid_or_all
from stampede.measure.trial import Trial, values
from stampede.reports.cells import milliseconds, number

Trials = Sequence[Trial]


class Table(NamedTuple):
    """What it is about, the titles of its columns, and its rows, whose first cells are words."""

    about: str
    titles: tuple[str, ...]
    words: int
    rows: list[tuple[str, ...]]


def tables(run: Run) -> list[Table]:
    """The tables of a run's details, about the valid trials of each strategy, or all if none is valid."""
    groups = {
        Row.label_of(trials[0].strategy, trials[0].swept): valid_or_all(trials)
        for trials in by_strategy(run.trials).values()
    }
    return [_intervals(groups), _costs(groups), _roles(groups)] if groups else []


def _intervals(groups: dict[str, list[Trial]]) -> Table:
    shown: dict[str, tuple[str, Callable[[float | None], str]]] = {
        "DB hits": ("db_hits", number),
        "p50 ms": ("latency_p50_ms", milliseconds),
        "p99 ms": ("latency_p99_ms", milliseconds),
        "p99.9 ms": ("latency_p999_ms", milliseconds),
    }
    rows = [
        (label, *(_with_interval(values(trials, metric), write) for metric, write in shown.values()), _many(trials))
        for label, trials in groups.items()
    ]
    about = "medians over the trials [with their 95 % intervals]; one number where all trials agree"
    return Table(about, ("strategy", *shown, "trials"), 1, rows)


def _many(trials: Trials) -> str:
    return str(len(trials)) if len(trials) > 1 else "one run"


def _with_interval(known: list[float], write: Callable[[float | None], str]) -> str:
    if not known:
        return "–"
    middle, interval = write(median(known)), interval_of_median(known)
    if interval is None or interval[0] == interval[1]:
        return middle
    return f"{middle} [{write(interval[0])}, {write(interval[1])}]"


def _costs(groups: dict[str, list[Trial]]) -> Table:
    shown = {
        "instances\nCPU ms": ("cpu_s", 1000),
        "Redis\nCPU ms": ("redis_cpu_s", 1000),
        "database\nCPU ms": ("db_cpu_s", 1000),
        "Redis\nkB": ("redis_bytes", 1 / 1000),
        "Redis\ncommands": ("redis_commands", 1),
    }
    rows = [
        (label, *(number(_per_thousand(trials, metric, times)) for metric, times in shown.values()))
        for label, trials in groups.items()
    ]
    return Table("per 1,000 requests: CPU time, and what went to Redis and back", ("strategy", *shown), 1, rows)


def _per_thousand(trials: Trials, metric: str, times: float) -> float | None:
    shares = [times * value * 1000 / max(1, trial.requests) for trial in trials for value in values([trial], metric)]
    return median(shares) if shares else None


def _roles(groups: dict[str, list[Trial]]) -> Table:
    rows = []
    for label, trials in groups.items():
        names = dict.fromkeys(name for trial in trials for name in trial.roles)
        for name in names:
            seen = [trial.roles[name] for trial in trials if name in trial.roles]
            figures = (median(each.p50_ms for each in seen), median(each.p99_ms for each in seen))
            highest = max(each.max_ms for each in seen)
            requests = round(sum(each.requests for each in seen) / len(trials), 1)
            rows.append((label, name, number(requests), *map(milliseconds, (*figures, highest))))
    return Table(
        "latency by what became of a request", ("strategy", "role", "requests", "p50 ms", "p99 ms", "max ms"), 2, rows
    )
