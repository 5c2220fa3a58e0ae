"""Published or derived figures beside the measured ones."""

from __future__ import annotations

from typing import NamedTuple

from stampede.core.scenario import from_data
from stampede.core.strategy import Strategy
from stampede.measure.run import Run


class Comparison(NamedTuple):
    """One expected figure; `ratio` is measured over expected, `agrees`: it is within the stated share."""

    strategy: str
    metric: str
    expected: float
    measured: float | None
    ratio: float | None
    agrees: bool
    source: str


def comparisons(run: Run) -> list[Comparison]:
    """The scenario's expected figures for the strategies that were measured."""
    rows = {row.strategy: row for row in run.summary}
    result = []
    for each in from_data(run.scenario).expected:
        row = rows.get(str(Strategy.parse(each.strategy)))
        if row is None:
            continue
        measured = row.value(each.metric)
        ratio = measured / each.value if measured is not None and each.value else None
        agrees = measured is not None and abs(measured - each.value) <= each.within * abs(each.value)
        result.append(Comparison(row.strategy, each.metric, each.value, measured, ratio, agrees, each.source))
    return result
