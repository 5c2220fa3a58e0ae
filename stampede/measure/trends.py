"""Trials as a sequence: those far out, a drift, and how much each is like the one before."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from stampede.measure.distributions import t_beyond
from stampede.measure.significance import Floats

FEWEST = 6
MAD_TO_SIGMA = 1.4826
FAR_OUT = 5.0
NOTABLE = 0.05
MOST_ALIKE = 0.9


def outliers(values: Floats) -> NDArray[np.bool_]:
    """Which of (n,) positive values are far from the median, in robust standard deviations of the logarithm.

    The bound of Iglewicz and Hoaglin (1993) is 3.5, but that calls outliers in many a dozen of normal trials.
    What is within 5 % of the median is never far.
    """
    distance = np.abs(np.log(values) - np.median(np.log(values)))
    bound = max(FAR_OUT * MAD_TO_SIGMA * float(np.median(distance)), math.log1p(NOTABLE))
    return np.asarray(distance > bound)


def drift(values: Floats) -> float | None:
    """By which share the second half of (n,) positive values is above the first; None: no trend to speak of.

    A trend is a rank correlation with the order (Spearman) that chance alone brings about once in a thousand times.
    """
    n = len(values)
    if n < FEWEST or (values == values[0]).all():
        return None
    r = float(np.corrcoef(_ranks(values), np.arange(n))[0, 1])
    t = abs(r) * math.sqrt((n - 2) / max(1e-12, 1 - r * r))
    change = float(np.exp(np.log(values[n // 2 :]).mean() - np.log(values[: n // 2]).mean())) - 1
    return change if t_beyond(t, n - 2) < 0.001 and abs(change) > NOTABLE else None


def inflation(sequences: Iterable[Floats]) -> float:
    """By how much more the means of such sequences vary than those of independent trials: (1 + r) / (1 - r).

    r is how much a trial's rank is like that of the one before it, over all sequences together, because few trials
    say little each and the machine is the same; corrected for its bias in short ones (Kendall, Biometrika
    41, 1954), and never below 0.
    """
    alike = spread = trials = number = 0.0
    for values in sequences:
        if len(values) < FEWEST or (values == values[0]).all():
            continue
        away = _ranks(values) - (len(values) + 1) / 2
        scale = float(np.square(away).sum())
        alike, spread = alike + len(values) * float(away[1:] @ away[:-1]) / scale, spread + len(values)
        trials, number = trials + len(values), number + 1
    if not number:
        return 1.0
    n = trials / number
    r = min(MOST_ALIKE, max(0.0, (n * alike / spread + 1) / (n - 3)))
    return (1 + r) / (1 - r)


def _ranks(values: Floats) -> Floats:
    """1 for the smallest; those alike share the middle of their ranks."""
    _, place, alike = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(alike) - (alike - 1) / 2)[place], dtype=np.float64)
