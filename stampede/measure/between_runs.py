"""How far runs of the same differ beyond what their trials explain: stated, or measured by repeating one.

The runs are the groups of an analysis of variance: what their means vary by, less what the trials within them make
these vary by, is the variance between runs. Its interval is that of the first (chi-squared), less the second.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from stampede.measure.distributions import chi_squared_quantile
from stampede.measure.run import Run
from stampede.measure.significance import Floats
from stampede.measure.statistics import CONFIDENCE, FEWEST, mean_and_variance
from stampede.measure.trends import inflation
from stampede.measure.trial import Trial, values

STATED = 0.02
MEASURED = ("latency_p99_ms", "latency_p50_ms")


class Spread(msgspec.Struct, frozen=True):
    """By how much a metric differs from run to run: a standard deviation of its logarithm (0.02: 2 %).

    `low` and `high` bound its 95 % interval; `explained` is what the trials within so many `runs` explain, which is
    not in it. It is one figure for all strategies.
    """

    metric: str
    runs: int
    spread: float
    low: float
    high: float
    explained: float

    @classmethod
    def of(cls, metric: str, runs: Sequence[Run]) -> Spread | None:
        """From runs of the same strategies; None if there are no two with three valid trials of one of them."""
        by_strategy = [
            [np.array(values(_valid(run, strategy), metric), dtype=np.float64) for run in runs]
            for strategy in dict.fromkeys(trial.strategy for run in runs for trial in run.trials)
        ]
        groups = [group for each in by_strategy if len(group := _usable(each)) > 1]
        if not groups:
            return None
        alike = inflation(column for group in groups for column in group)
        means, variances = zip(*(_means(group) for group in groups), strict=True)
        total = float(np.mean([each.var(ddof=1) for each in means]))
        explained = alike * float(np.mean(np.concatenate(variances)))
        # What is off about a run may be off for all its strategies, so these do not make more runs of it.
        df = min(map(len, groups)) - 1
        low, high = (df / chi_squared_quantile((1 + side * CONFIDENCE) / 2, df) for side in (1, -1))
        spread, low, high = (math.sqrt(max(0.0, total * factor - explained)) for factor in (1.0, low, high))
        return cls(metric, df + 1, spread, low, high, math.sqrt(explained))


class Between(NamedTuple):
    """The spread between runs that is added where there is one a side; `measured` is by metric."""

    stated: float = STATED
    measured: Mapping[str, Spread] = {}

    def at(self, metric: str) -> tuple[float, float]:
        """The spread of a metric and its degrees of freedom; of one that was not measured, that of the widest."""
        if not self.measured:
            return self.stated, math.inf
        each = self.measured.get(metric) or max(self.measured.values(), key=lambda spread: spread.spread)
        return each.spread, each.runs - 1.0


UNMEASURED = Between()


def _valid(run: Run, strategy: str) -> list[Trial]:
    return [trial for trial in run.trials if trial.valid and trial.strategy == strategy]


def _usable(columns: Sequence[Floats]) -> list[Floats]:
    """Those that have a mean of their own and a logarithm."""
    return [column for column in columns if len(column) >= FEWEST and (column > 0).all()]


def _means(columns: Sequence[Floats]) -> tuple[Floats, Floats]:
    means, variances = zip(*(mean_and_variance(np.log(column)) for column in columns), strict=True)
    return np.array(means), np.array(variances)
