"""Two groups of runs: how far apart they are, where runs differ from each other as trials do.

A run has a machine, a moment and a layout of memory of its own, so that all its trials are off by a common share,
and ten trials of one run know nothing of it. Of several runs a side, the spread between them is measured, and the
bootstrap resamples runs before trials; of one run a side it cannot be, and a spread is added that is stated or was
measured before (`between_runs`). The p-value is that of Yuen's t-test (Biometrika 61, 1974) with that spread in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stampede.measure.distributions import t_beyond, t_quantile
from stampede.measure.significance import Floats, p_of_groups
from stampede.measure.statistics import CONFIDENCE, FEWEST, Estimate, Resampler, Sample, Z, without_zeros

NO_SPREAD = 1e-12
MOST_DF = 1e6


class _Side(NamedTuple):
    """The runs of one side: means of their logarithms, the variances of these, and how far resamples are off."""

    means: Floats
    variances: Floats
    df: Floats
    spread: Floats

    @property
    def mean(self) -> float:
        return float(self.means.mean())

    @property
    def runs(self) -> int:
        return len(self.means)


def unpaired(
    old: Sequence[Floats],
    new: Sequence[Floats],
    resampler: Resampler,
    margin: float = 0.0,
    between: tuple[float, float] = (0.0, math.inf),
    inflation: float = 1.0,
) -> Estimate | None:
    """Ratio new/old of the trials of one or more runs a side; None for fewer than three trials on either.

    The p-value is for a ratio within `margin` (0.05: 5 %) around 1. `between` is the spread of runs and its
    degrees of freedom, for one run a side; `inflation` how much more the mean of a run's trials varies than if they
    were independent.
    """
    n = min(sum(map(len, old)), sum(map(len, new)))
    old, new = ([run for run in side if len(run) >= FEWEST] for side in (old, new))
    if not old or not new:
        return None
    first, second = without_zeros(np.concatenate(old), np.concatenate(new))
    a, b = _side(first, old, "old", resampler, inflation), _side(second, new, "new", resampler, inflation)
    error, df = _error(a, b, between)
    middle = b.mean - a.mean
    low, high = _bounds(b.spread - a.spread + math.sqrt(2) * between[0] * resampler.normal(), error, df)
    ratio, low, high = (math.exp(middle + bound) for bound in (0.0, low, high))
    return Estimate(ratio, low, high, _p(middle, error, df, math.log1p(margin), first, second), n)


def _side(values: Floats, runs: Sequence[Floats], group: str, resampler: Resampler, inflation: float) -> _Side:
    logs = np.split(np.log(values), np.cumsum([len(run) for run in runs])[:-1])
    samples = [Sample(each, resampler.weights(len(each), f"{group} {number}")) for number, each in enumerate(logs)]
    means = np.array([each.mean for each in samples])
    spread = np.array([each.spread for each in samples]).T * math.sqrt(inflation)
    if len(samples) > 1:
        picked = resampler.picks(len(samples), group)
        spread = np.take_along_axis(spread + means - means.mean(), picked, axis=1)
    variances = np.array([each.variance for each in samples]) * inflation
    return _Side(means, variances, np.array([each.kept - 1.0 for each in samples]), spread.mean(axis=1))


def _error(a: _Side, b: _Side, between: tuple[float, float]) -> tuple[float, float]:
    """The standard error of the difference, and its degrees of freedom."""
    df = a.runs + b.runs - 2
    if df:
        squares = sum(float(np.square(side.means - side.mean).sum()) for side in (a, b))
        # Runs cannot be less apart than their trials make them.
        variance = max(squares / df, float(np.concatenate([a.variances, b.variances]).mean()))
        return math.sqrt(variance * (1 / a.runs + 1 / b.runs)), df
    of_runs, df_of_runs = 2 * between[0] ** 2, between[1]
    variance = float(a.variances[0] + b.variances[0]) + of_runs
    # Welch and Satterthwaite: each part is as sure as its own degrees of freedom make it.
    divisor = float(a.variances[0] ** 2 / a.df[0] + b.variances[0] ** 2 / b.df[0]) + of_runs**2 / df_of_runs
    return math.sqrt(variance), min(MOST_DF, variance**2 / divisor) if divisor else MOST_DF


def _bounds(spread: Floats, error: float, df: float) -> tuple[float, float]:
    """How far the interval reaches: shaped as the bootstrap says, and never narrower than the standard error."""
    low, high = np.quantile(spread, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    deviation = float(spread.std())
    if deviation <= NO_SPREAD:
        return -t_quantile(CONFIDENCE, df) * error, t_quantile(CONFIDENCE, df) * error
    stretch = t_quantile(CONFIDENCE, df) / Z * max(1.0, error / deviation)
    return float(stretch * low), float(stretch * high)


def _p(middle: float, error: float, df: float, margin: float, old: Floats, new: Floats) -> float:
    """The chance of being at least so far out at the edge of the margin, on its side and on the other."""
    if abs(middle) <= margin:
        return 1.0
    constant = bool(np.ptp(old) == 0 and np.ptp(new) == 0)
    # Values that never vary have no spread to go by: then shuffling them says how sure one can be.
    shuffled = p_of_groups(old, new) if constant or error <= NO_SPREAD else 0.0
    if error <= NO_SPREAD:
        return shuffled
    sides = (abs(middle) - margin, abs(middle) + margin)
    return max(shuffled, sum(t_beyond(each / error, df) / 2 for each in sides))
