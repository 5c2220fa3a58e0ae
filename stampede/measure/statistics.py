"""How far trials support a difference: ratios, their intervals, and tests of many at once.

All works on logarithms, because latencies and counts differ by factors, and on the mean without the highest and the
lowest fifth, because one stall of the machine must not decide. The interval is the bootstrap over trials, stretched
by Student's t: the plain percentile bootstrap is too narrow for few trials (Hesterberg, "What Teachers Should Know
about the Bootstrap", The American Statistician 69, 2015). The p-value is that of Wilcoxon's signed-rank test for
pairs (Biometrics Bulletin 1, 1945); two groups of runs are in `runs`. Holm's procedure keeps the chance that *any* of
many comparisons calls a difference where there is none below SIGNIFICANT.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import msgspec
import numpy as np
from numpy.typing import NDArray

from stampede.measure.distributions import t_quantile
from stampede.measure.significance import Floats, p_of_signed_ranks

CONFIDENCE = 0.95
TRIMMED = 0.2
RESAMPLES = 2000
FEWEST = 3
HALF_A_COUNT = 0.5
Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


class Resampler:
    """Resamples of n trials, drawn once for each n: the metrics of one comparison share them."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._drawn: dict[tuple[int, str], Floats] = {}
        self._picked: dict[tuple[int, str], NDArray[np.int64]] = {}
        self._normal: Floats | None = None

    def weights(self, n: int, group: str = "") -> Floats:
        """What each of n sorted values weighs in the trimmed mean of each resample: (RESAMPLES, n), rows sum to 1."""
        if (n, group) not in self._drawn:
            drawn = self._rng.integers(n, size=(RESAMPLES, n)) + n * np.arange(RESAMPLES)[:, np.newaxis]
            times = np.bincount(drawn.ravel(), minlength=RESAMPLES * n).reshape(RESAMPLES, n)
            cut = _cut(n)
            kept = np.clip(np.cumsum(times, axis=1), cut, n - cut)
            self._drawn[n, group] = np.diff(kept, axis=1, prepend=cut) / (n - 2 * cut)
        return self._drawn[n, group]

    def picks(self, n: int, group: str) -> NDArray[np.int64]:
        """Which of n runs stand in each resample: (RESAMPLES, n)."""
        if (n, group) not in self._picked:
            self._picked[n, group] = self._rng.integers(n, size=(RESAMPLES, n))
        return self._picked[n, group]

    def normal(self) -> Floats:
        """A standard normal deviation for each resample."""
        if self._normal is None:
            self._normal = self._rng.standard_normal(RESAMPLES)
        return self._normal


class Estimate(msgspec.Struct, frozen=True):
    """A ratio with its 95 % interval.

    `p` is the chance of trials at least so far apart if the ratio were 1 (or within the margin that was asked about);
    `n` the number of pairs, or of trials of the smaller group.
    """

    ratio: float
    low: float
    high: float
    p: float
    n: int

    @property
    def width(self) -> float:
        """How far the interval reaches from its middle, as a share: 0.05 is ±5 %."""
        return math.sqrt(self.high / self.low) - 1

    def excludes(self, margin: float = 0.0) -> bool:
        """Whether all of the interval is beyond 1, and beyond the margin (0.05: 5 %) around it."""
        return self.low > 1 + margin or self.high < 1 / (1 + margin)

    def within(self, margin: float) -> bool:
        """Whether none of the interval is beyond the margin around 1."""
        return 1 / (1 + margin) <= self.low and self.high <= 1 + margin


def paired(first: Floats, second: Floats, resampler: Resampler) -> Estimate | None:
    """Ratio second/first of trials that belong together, both (n,) and not negative; None for fewer than 3 pairs."""
    n = len(first)
    if n < FEWEST:
        return None
    first, second = without_zeros(first, second)
    sample = Sample(np.log(second / first), resampler.weights(n))
    p = p_of_signed_ranks(sample.logs)
    return _estimate(sample.mean, sample.spread, sample.kept - 1, n, p)


def ratio(old: Floats, new: Floats) -> float | None:
    """Ratio new/old of (n,) and (m,) trials, however few; None if a side has none."""
    if not len(old) or not len(new):
        return None
    old, new = (np.sort(np.log(group)) for group in without_zeros(old, new))
    return math.exp(_trimmed(new) - _trimmed(old))


def typical(values: Floats, resampler: Resampler) -> tuple[float | None, float | None, float | None]:
    """The trimmed mean of (n,) trials and its 95 % interval, on the scale of the values; None: too few for it."""
    n = len(values)
    if n < FEWEST:
        return (float(values.mean()) if n else None), None, None
    sample = Sample(values, resampler.weights(n))
    low, high = np.quantile(sample.spread, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    stretch = t_quantile(CONFIDENCE, sample.kept - 1) / Z
    return sample.mean, float(sample.mean + stretch * low), float(sample.mean + stretch * high)


class Sample:
    """Logarithms of (n,) trials: their trimmed mean, its variance (Yuen), and how far those of resamples are off."""

    def __init__(self, logs: Floats, weights: Floats) -> None:
        self.logs = np.sort(logs)
        self.kept = len(logs) - 2 * _cut(len(logs))
        self.mean, self.variance = mean_and_variance(self.logs)
        deviations = weights @ self.logs - self.mean
        self.spread = deviations * math.sqrt(self.kept / (self.kept - 1))


def mean_and_variance(logs: Floats) -> tuple[float, float]:
    """The trimmed mean of (n,) logarithms, and its variance (Yuen)."""
    logs = np.sort(logs)
    n, cut = len(logs), _cut(len(logs))
    kept = n - 2 * cut
    winsorized = np.clip(logs, logs[cut], logs[n - 1 - cut])
    return _trimmed(logs), float(winsorized.var(ddof=1)) * (n - 1) / (kept * (kept - 1))


def _cut(n: int) -> int:
    """How many of n sorted values the trimmed mean leaves out at either end."""
    return int(TRIMMED * n)


def _trimmed(ordered: Floats) -> float:
    cut = _cut(len(ordered))
    return float(ordered[cut : len(ordered) - cut].mean())


def _estimate(middle: float, spread: Floats, df: float, n: int, p: float) -> Estimate:
    """From the log ratio and the bootstrap's deviations from it."""
    low, high = np.quantile(spread, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    stretch = t_quantile(CONFIDENCE, df) / Z
    ratio, low, high = (math.exp(bound) for bound in (middle, middle + stretch * low, middle + stretch * high))
    return Estimate(ratio, low, high, p, n)


def without_zeros(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """A count of 0 has no logarithm: then half a hit is added to all (Haldane 1956, Anscombe 1956)."""
    if (first > 0).all() and (second > 0).all():
        return first, second
    return first + HALF_A_COUNT, second + HALF_A_COUNT


def interval_of_median(known: Sequence[float]) -> tuple[float, float] | None:
    """The exact interval that holds the median with at least 95 %, whatever the distribution: the k-th lowest and the
    k-th highest value (David and Nagaraja, "Order Statistics", 2003, 7.1); None for fewer than 6.
    """
    n, below, k = len(known), 0, 0
    while 2 * (below + math.comb(n, k)) <= (1 - CONFIDENCE) * 2**n:
        below += math.comb(n, k)
        k += 1
    ordered = sorted(known)
    return (float(ordered[k - 1]), float(ordered[n - k])) if k else None
