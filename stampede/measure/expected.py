"""Published or derived figures beside the measured ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from stampede.measure.run import Run
from stampede.measure.statistics import interval_of_median
from stampede.measure.summary import by_strategy, valid_or_all
from stampede.measure.trial import Trial, values


class Reproduced(NamedTuple):
    """One expected figure; `ratio` is measured over expected, `agrees`: it is within the stated share (`within`), or
    the expected one within the interval of the measured one. `interval`: the 95 % interval of the median over the
    `trials`, None if they are too few for one.
    """

    strategy: str
    metric: str
    expected: float
    measured: float | None
    ratio: float | None
    agrees: bool
    source: str
    within: float
    interval: tuple[float, float] | None
    trials: int


def reproduced(run: Run) -> list[Reproduced]:
    """The scenario's expected figures for the strategies that were measured, beside the medians over the trials.

    Also a maximum is compared by its median over the trials: whoever publishes one publishes that of a trial.
    """
    groups = {trials[0].strategy: valid_or_all(trials) for trials in by_strategy(run.trials).values()}
    result = []
    for each in run.scenario.expected:
        strategy = str(each.strategy)
        if strategy not in groups:
            continue
        measured = _median(groups[strategy], each.metric)
        ratio = measured / each.value if measured is not None and each.value else None
        slack = max(each.within * abs(each.value), _own_interval(groups[strategy], each.metric))
        agrees = measured is not None and abs(measured - each.value) <= slack
        known = values(groups[strategy], each.metric)
        result.append(
            Reproduced(
                strategy,
                each.metric,
                each.value,
                measured,
                ratio,
                agrees,
                each.source,
                each.within,
                interval_of_median(known),
                len(known),
            )
        )
    return result


def _median(trials: Sequence[Trial], metric: str) -> float | None:
    known = values(trials, metric)
    return float(median(known)) if known else None


def _own_interval(trials: Sequence[Trial], metric: str) -> float:
    """Half of the 95 % interval that the trials themselves give for the metric, all together; 0 if they give none."""
    if metric != "loads_per_epoch_mean":
        return 0.0
    # Each trial has its own; of so many as good ones the mean is known by the root of their number better.
    return (_median(trials, "loads_per_epoch_ci95") or 0.0) / math.sqrt(len(trials))
