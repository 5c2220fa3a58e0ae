"""A sweep's curves: each metric over the swept parameter, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stampede.measure.run import Run
from stampede.measure.statistics import Resampler, typical
from stampede.measure.trial import Trial, values


class Curve(NamedTuple):
    """A metric of a strategy over the values of the parameter, as written; `low` and `high` bound 95 % intervals.

    None where no trial has the metric; the bounds also where fewer than three trials have. `label` has the choice of
    the other parameters, too.
    """

    label: str
    strategy: str
    parameter: str
    values: list[str]
    middle: list[float | None]
    low: list[float | None]
    high: list[float | None]


def curves(run: Run, metric: str) -> list[Curve]:
    """One curve for each strategy and each choice of the other swept parameters, over the first one."""
    if not run.trials or not run.trials[0].swept:
        return []
    resampler = Resampler(run.seed)
    parameter = next(iter(run.trials[0].swept))
    groups: dict[tuple[str, str], dict[str, list[Trial]]] = {}
    for trial in run.trials:
        others = (f"{name}={value}" for name, value in trial.swept.items() if name != parameter)
        at = groups.setdefault((trial.strategy, " ".join([trial.strategy, *others])), {})
        at.setdefault(trial.swept[parameter], []).append(trial)
    result = []
    for (strategy, label), points in groups.items():
        found = [_point(trials, metric, resampler) for trials in points.values()]
        middle, low, high = (list(column) for column in zip(*found, strict=True))
        result.append(Curve(label, strategy, parameter, list(points), middle, low, high))
    return result


def _point(trials: Sequence[Trial], metric: str, resampler: Resampler) -> tuple[float | None, ...]:
    known = values((trial for trial in trials if trial.valid), metric)
    return typical(np.array(known, dtype=np.float64), resampler)
