"""How far trials support a difference: ratios of geometric means, their intervals, and tests of many at once.

All works on logarithms, because latencies and counts differ by factors. The interval is the bootstrap over trials,
stretched by Student's t: the plain percentile bootstrap is too narrow for few trials (Hesterberg, "What Teachers
Should Know about the Bootstrap", The American Statistician 69, 2015, section 5.3). The p-value is that of the t-test
on the same logarithms (Welch's for two runs), and Holm's procedure keeps the chance that *any* of many comparisons
calls a difference where there is none below SIGNIFICANT.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
SIGNIFICANT = 0.025
RESAMPLES = 2000
FEWEST = 3
HALF_A_COUNT = 0.5
MAD_TO_SIGMA = 1.4826
FAR_OUT = 3.5
NO_SPREAD = 1e-12
NOTABLE = 0.05
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


class Resampler:
    """Draws which trials are in each resample: the same trials for every metric, for a trial is one event."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._drawn: dict[tuple[int, str], Floats] = {}

    def weights(self, n: int, group: str = "") -> Floats:
        """How often each of n trials is in each resample: (RESAMPLES, n), rows sum up to n."""
        if (n, group) not in self._drawn:
            drawn = self._rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
            self._drawn[n, group] = drawn.astype(np.float64)
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
    logs = np.log(second / first)
    spread = _means(logs, resampler.weights(n))
    error = float(logs.std(ddof=1)) / math.sqrt(n)
    # If all pairs differ alike, what is left to say is that n fair coins fell alike.
    return _estimate(float(logs.mean()), spread, error, n - 1, n, 0.0, 2.0 ** (1 - n))


def unpaired(old: Floats, new: Floats, resampler: Resampler, margin: float = 0.0) -> Estimate | None:
    """Ratio new/old of two independent groups of trials, (n,) and (m,); None for fewer than three in either.

    The p-value is for a ratio within `margin` (0.05: 5 %) around 1.
    """
    n = min(len(old), len(new))
    if n < FEWEST:
        return None
    old, new = (np.log(group) for group in _without_zeros(old, new))
    spread = _means(new, resampler.weights(len(new), "new")) - _means(old, resampler.weights(len(old), "old"))
    variances = [float(group.var(ddof=1)) / len(group) for group in (old, new)]
    error, df = math.sqrt(sum(variances)), _welch(variances, (len(old), len(new)))
    alike = 2 / math.comb(len(old) + len(new), n)
    return _estimate(float(new.mean() - old.mean()), spread, error, df, n, math.log1p(margin), alike)


def ratio(old: Floats, new: Floats) -> float | None:
    """Ratio new/old of the geometric means of (n,) and (m,) trials; None if a side has none."""
    if not len(old) or not len(new):
        return None
    old, new = _without_zeros(old, new)
    return float(np.exp(np.log(new).mean() - np.log(old).mean()))


def _estimate(
    middle: float, spread: Floats, error: float, df: int, n: int, margin: float, p_alike: float
) -> Estimate:
    """From the log ratio, the bootstrap's deviations from it and the standard error."""
    low, high = np.quantile(spread, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    stretch = t_quantile(CONFIDENCE, df) / _Z
    bounds = (middle, middle + stretch * low, middle + stretch * high)
    ratio, low, high = (math.exp(bound) for bound in bounds)
    return Estimate(ratio, low, high, _p(abs(middle) - margin, error, df, p_alike), n)


def _p(beyond: float, error: float, df: int, p_alike: float) -> float:
    """The chance to be so far `beyond` the margin; without any spread t says nothing, and `p_alike` stands in."""
    if beyond <= 0:
        return 1.0
    return t_beyond(beyond / error, df) if error > NO_SPREAD else p_alike


def _means(logs: Floats, weights: Floats) -> Floats:
    """How far the means of resamples, (RESAMPLES,), are from the mean; unbiased in their variance."""
    n = len(logs)
    deviations: Floats = weights @ (logs - logs.mean()) / n
    return deviations * math.sqrt(n / (n - 1))


def _without_zeros(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """A count of 0 has no logarithm: then half a hit is added to all (Haldane 1956, Anscombe 1956)."""
    if (first > 0).all() and (second > 0).all():
        return first, second
    return first + HALF_A_COUNT, second + HALF_A_COUNT


def _welch(variances: Sequence[float], sizes: Sequence[int]) -> int:
    """Degrees of freedom by Welch and Satterthwaite, rounded down."""
    divisor = sum(v * v / (n - 1) for v, n in zip(variances, sizes, strict=True))
    return max(1, int(sum(variances) ** 2 / divisor)) if divisor else min(sizes) - 1


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

    3.5 is the bound of Iglewicz and Hoaglin (1993); what is within 5 % of the median is never far.
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
