"""How far the trials of a run differ: columns beside the others."""

from __future__ import annotations

from collections.abc import Callable

from stampede.measure.run import Run
from stampede.measure.summary import Row
from stampede.reports.cells import milliseconds, number

Column = tuple[str, Callable[[Row], str]]
Columns = list[Column]

SPREAD_FROM = 3
"""Trials of a strategy from which on their spread is shown."""


def over_trials(run: Run) -> list[Columns]:
    """How far trials differ, in what they do differ in; a comparison and a sweep say so in ways of their own."""
    several = max((row.trials for row in run.summary), default=0) >= SPREAD_FROM
    if not several or run.comparison is not None or any(row.swept for row in run.summary):
        return []
    differing = [name for name in SPREADS if any(_differs(row, name) for row in run.summary)]
    return [[SPREADS[name] for name in differing]] if differing else []


def _differs(row: Row, metric: str) -> bool:
    spread = row.metrics.get(metric)
    return spread is not None and spread.minimum < spread.maximum


def _around(metric: str, write: Callable[[float | None], str]) -> Callable[[Row], str]:
    """The median, and how far the farthest trial is from it."""

    def cell(row: Row) -> str:
        spread = row.metrics.get(metric)
        if spread is None:
            return "–"
        farthest = max(spread.maximum - spread.median, spread.median - spread.minimum)
        return f"{write(spread.median)} ±{write(farthest)}" if farthest else write(spread.median)

    return cell


SPREADS: dict[str, Column] = {
    "db_hits": ("DB hits\nof trials", _around("db_hits", number)),
    "latency_p50_ms": ("p50 ms\nof trials", _around("latency_p50_ms", milliseconds)),
    "latency_p99_ms": ("p99 ms\nof trials", _around("latency_p99_ms", milliseconds)),
}
