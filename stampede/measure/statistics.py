"""How far trials support a difference: ratios, their intervals, and tests of many at once.

All works on logarithms, because latencies and counts differ by factors, and on the mean without the highest and the
lowest fifth, because one stall of the machine must not decide. The interval is the bootstrap over trials, stretched
by Student's t: the plain percentile bootstrap is too narrow for few trials (Hesterberg, "What Teachers Should Know
about the Bootstrap", The American Statistician 69, 2015). The p-value is that of Wilcoxon's signed-rank test for
pairs (Biometrics Bulletin 1, 1945) and of Yuen's t-test for two runs (Biometrika 61, 1974), and Holm's procedure
keeps the chance that *any* of many comparisons calls a difference where there is none below SIGNIFICANT.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from statistics import NormalDist

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
TRIMMED = 0.2
SIGNIFICANT = 0.025
RESAMPLES = 2000
FEWEST = 3
HALF_A_COUNT = 0.5
MAD_TO_SIGMA = 1.4826
FAR_OUT = 5.0
NO_SPREAD = 1e-12
NOTABLE = 0.05
MANY = 200
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


class Resampler:
    """Resamples of n trials, drawn once for each n: the metrics of one comparison share them."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._drawn: dict[tuple[int, str], Floats] = {}

    def weights(self, n: int, group: str = "") -> Floats:
        """What each of n sorted values weighs in the trimmed mean of each resample: (RESAMPLES, n), rows sum to 1."""
        if (n, group) not in self._drawn:
            drawn = self._rng.integers(n, size=(RESAMPLES, n)) + n * np.arange(RESAMPLES)[:, np.newaxis]
            times = np.bincount(drawn.ravel(), minlength=RESAMPLES * n).reshape(RESAMPLES, n)
            cut = _cut(n)
            kept = np.clip(np.cumsum(times, axis=1), cut, n - cut)
            self._drawn[n, group] = np.diff(kept, axis=1, prepend=cut) / (n - 2 * cut)
        return self._drawn[n, group]


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


def paired(first: Floats, second: Floats, resampler: Resampler) -> Estimate | None:
    """Ratio second/first of trials that belong together, both (n,) and not negative; None for fewer than 3 pairs."""
    n = len(first)
    if n < FEWEST:
        return None
    first, second = _without_zeros(first, second)
    sample = _Sample(np.log(second / first), resampler.weights(n))
    p = _p_of_signed_ranks(sample.logs)
    return _estimate(sample.mean, sample.spread, sample.kept - 1, n, p)


def unpaired(old: Floats, new: Floats, resampler: Resampler, margin: float = 0.0) -> Estimate | None:
    """Ratio new/old of two independent groups of trials, (n,) and (m,); None for fewer than three in either.

    The p-value is for a ratio within `margin` (0.05: 5 %) around 1.
    """
    n = min(len(old), len(new))
    if n < FEWEST:
        return None
    old, new = (np.log(group) for group in _without_zeros(old, new))
    a, b = _Sample(old, resampler.weights(len(old), "old")), _Sample(new, resampler.weights(len(new), "new"))
    divisor = a.variance**2 / (a.kept - 1) + b.variance**2 / (b.kept - 1)
    variance = a.variance + b.variance
    df = max(1, int(variance**2 / divisor)) if divisor else n - 1
    middle = b.mean - a.mean
    beyond, error = abs(middle) - math.log1p(margin), math.sqrt(variance)
    p = _p_of_groups(old, new) if error <= NO_SPREAD else t_beyond(beyond / error, df)
    return _estimate(middle, b.spread - a.spread, df, n, p if beyond > 0 else 1.0)


def ratio(old: Floats, new: Floats) -> float | None:
    """Ratio new/old of (n,) and (m,) trials, however few; None if a side has none."""
    if not len(old) or not len(new):
        return None
    old, new = (np.sort(np.log(group)) for group in _without_zeros(old, new))
    return math.exp(_trimmed(new) - _trimmed(old))


def typical(values: Floats, resampler: Resampler) -> tuple[float | None, float | None, float | None]:
    """The trimmed mean of (n,) trials and its 95 % interval, on the scale of the values; None: too few for it."""
    n = len(values)
    if n < FEWEST:
        return (float(values.mean()) if n else None), None, None
    sample = _Sample(values, resampler.weights(n))
    low, high = np.quantile(sample.spread, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    stretch = t_quantile(CONFIDENCE, sample.kept - 1) / _Z
    return sample.mean, float(sample.mean + stretch * low), float(sample.mean + stretch * high)


class _Sample:
    """Logarithms of (n,) trials: their trimmed mean, its variance (Yuen), and how far those of resamples are off."""

    def __init__(self, logs: Floats, weights: Floats) -> None:
        self.logs = np.sort(logs)
        n, cut = len(logs), _cut(len(logs))
        self.kept = n - 2 * cut
        self.mean = _trimmed(self.logs)
        winsorized = np.clip(self.logs, self.logs[cut], self.logs[n - 1 - cut])
        self.variance = float(winsorized.var(ddof=1)) * (n - 1) / (self.kept * (self.kept - 1))
        deviations = weights @ self.logs - self.mean
        self.spread = deviations * math.sqrt(self.kept / (self.kept - 1))


def _cut(n: int) -> int:
    """How many of n sorted values the trimmed mean leaves out at either end."""
    return int(TRIMMED * n)


def _trimmed(ordered: Floats) -> float:
    cut = _cut(len(ordered))
    return float(ordered[cut : len(ordered) - cut].mean())


def _estimate(middle: float, spread: Floats, df: int, n: int, p: float) -> Estimate:
    """From the log ratio and the bootstrap's deviations from it."""
    low, high = np.quantile(spread, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    stretch = t_quantile(CONFIDENCE, df) / _Z
    ratio, low, high = (math.exp(bound) for bound in (middle, middle + stretch * low, middle + stretch * high))
    return Estimate(ratio, low, high, p, n)


def _p_of_signed_ranks(logs: Floats) -> float:
    """Wilcoxon's signed-rank test of (n,) differences, exact, also where some are alike; those of 0 say nothing.

    Two copies of a strategy in random order differ upward as often as downward, whatever the distribution: so the
    test keeps its promise for stalls, for coins, and for any number of trials. For MANY, the normal law is as good.
    """
    logs = logs[logs != 0]
    _, place, alike = np.unique(np.abs(logs), return_inverse=True, return_counts=True)
    ranks = (2 * np.cumsum(alike) - alike + 1)[place]  # twice the middle rank, a whole number
    up = int(ranks[logs > 0].sum())
    if len(ranks) > MANY:
        beyond = abs(up - ranks.sum() / 2) / math.sqrt(float(np.square(ranks).sum()) / 4)
        return 2 * (1 - NormalDist().cdf(beyond))
    chances = np.zeros(int(ranks.sum()) + 1)
    chances[0] = 1.0
    for rank in ranks:
        chances[rank:] += chances[:-rank].copy()  # as many ways to each sum without this rank as with it
        chances /= 2
    return float(min(1.0, 2 * min(chances[: up + 1].sum(), chances[up:].sum())))


def _p_of_groups(old: Floats, new: Floats) -> float:
    """The chance that all of (n,) values are on one side of all of (m,) by mere shuffling; 1 if they are not."""
    apart = old.max() < new.min() or new.max() < old.min()
    return 2 / math.comb(len(old) + len(new), len(old)) if apart else 1.0


def _without_zeros(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """A count of 0 has no logarithm: then half a hit is added to all (Haldane 1956, Anscombe 1956)."""
    if (first > 0).all() and (second > 0).all():
        return first, second
    return first + HALF_A_COUNT, second + HALF_A_COUNT


def t_beyond(t: float, df: int) -> float:
    """The chance that Student's t with `df` degrees of freedom is farther from 0 than `t`.

    The finite series of Abramowitz and Stegun, 26.7.3 and 26.7.4: one function is no reason to install SciPy.
    """
    angle = math.atan(abs(t) / math.sqrt(df))
    square, odd = math.cos(angle) ** 2, df % 2
    term = math.cos(angle) if odd else 1.0
    total = 0.0
    for k in range(1 + odd, df, 2):
        total += term
        term *= square * k / (k + 1)
    within = math.sin(angle) * total
    if odd:
        within = (angle + within) * 2 / math.pi
    return max(0.0, 1 - within)


@cache
def t_quantile(share: float, df: int) -> float:
    """The t within which `share` of Student's distribution lies, on both sides of 0."""
    low, high = 0.0, 1e4
    for _ in range(60):
        middle = (low + high) / 2
        if t_beyond(middle, df) > 1 - share:
            low = middle
        else:
            high = middle
    return high


def holm(ps: Sequence[float]) -> list[float]:
    """Each p-value adjusted for all of them (Holm 1979): below SIGNIFICANT it holds in the family."""
    adjusted, floor = [0.0] * len(ps), 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        floor = max(floor, min(1.0, (len(ps) - rank) * ps[index]))
        adjusted[index] = floor
    return adjusted


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
    if n < 2 * FEWEST or (values == values[0]).all():
        return None
    ranks = np.argsort(np.argsort(values, kind="stable")).astype(float)
    r = float(np.corrcoef(ranks, np.arange(n))[0, 1])
    t = abs(r) * math.sqrt((n - 2) / max(1e-12, 1 - r * r))
    change = float(np.exp(np.log(values[n // 2 :]).mean() - np.log(values[: n // 2]).mean())) - 1
    return change if t_beyond(t, n - 2) < 0.001 and abs(change) > NOTABLE else None
