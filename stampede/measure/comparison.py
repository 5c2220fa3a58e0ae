"""Strategies against the first of them, trial by trial: ratios, intervals, and what may be said of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np

from stampede.core.metrics import In, shown_in
from stampede.measure.significance import SIGNIFICANT, Floats, holm
from stampede.measure.statistics import Estimate, Resampler, paired
from stampede.measure.trial import Trial

COMPARED = tuple(shown_in(In.COMPARED))
FEWEST_PAIRS = 10

Verdict = Literal["lower", "higher", "equal", "no significant difference", "too few trials"]


class Ratio(msgspec.Struct, frozen=True):
    """One metric as a multiple of the reference's: the typical ratio of `pairs` trials.

    `low` and `high` bound its own 95 % interval; `p` is adjusted for all metrics of all strategies together, so that
    a verdict may be stricter than the interval. All four are None for fewer than three pairs; about ten are needed
    for a verdict.
    """

    metric: str
    ratio: float | None
    low: float | None
    high: float | None
    p: float | None
    pairs: int
    verdict: Verdict


class Compared(msgspec.Struct, frozen=True):
    """One strategy against the reference; `dropped` pairs have an INVALID trial in them."""

    strategy: str
    ratios: list[Ratio]
    pairs: int
    dropped: int


class Comparison(msgspec.Struct, kw_only=True):
    """All strategies against the first. `half_width` is that of the widest interval (0.05: ±5 %)."""

    reference: str
    strategies: list[Compared]
    half_width: float | None = None
    precision: float | None = None
    budget_s: float | None = None
    ended_by: str = ""


def labels(specs: Iterable[str]) -> list[str]:
    """One name for each, also if a spec is there more than once: `single-flight`, `single-flight #2`."""
    seen: dict[str, int] = {}
    result = []
    for spec in specs:
        seen[spec] = seen.get(spec, 0) + 1
        result.append(spec if seen[spec] == 1 else f"{spec} #{seen[spec]}")
    return result


def _can_tell(pairs: int, comparisons: int) -> bool:
    """Whether so many pairs that all differ the same way are significant among so many comparisons."""
    return comparisons * 2.0 ** (1 - pairs) < SIGNIFICANT


def fewest_pairs(strategies: int) -> int:
    """So few pairs can show a difference, whatever is compared beside it."""
    comparisons = max(1, strategies - 1) * len(COMPARED)
    return next(pairs for pairs in itertools.count(FEWEST_PAIRS) if _can_tell(pairs, comparisons))


def compare(trials: Sequence[Trial], names: Sequence[str], seed: int) -> Comparison:
    """Compare the trials of `names`, whose first is the reference, pair by pair: trials of the same number."""
    resampler = Resampler(seed)
    by_number: dict[str, dict[int, Trial]] = {name: {} for name in names}
    for trial in trials:
        by_number[trial.strategy][trial.trial] = trial
    reference, *others = names
    estimates: dict[tuple[str, str], Estimate | None] = {}
    pairs, dropped = {}, {}
    for other in others:
        pairs[other], dropped[other] = _pairs(by_number[reference], by_number[other])
        for metric in COMPARED:
            estimates[other, metric] = _estimate(pairs[other], metric, resampler)
    adjusted = holm([1.0 if each is None else each.p for each in estimates.values()])
    p_of = dict(zip(estimates, adjusted, strict=True))
    strategies = [
        Compared(
            other,
            [
                _ratio(metric, estimates[other, metric], p_of[other, metric], pairs[other], len(others))
                for metric in COMPARED
            ],
            len(pairs[other]),
            dropped[other],
        )
        for other in others
    ]
    widths = [each.width if each else math.inf for each in estimates.values()]
    widest = max(widths, default=math.inf)
    return Comparison(
        reference=reference, strategies=strategies, half_width=None if math.isinf(widest) else round(widest, 6)
    )


def _pairs(first: Mapping[int, Trial], other: Mapping[int, Trial]) -> tuple[list[tuple[Trial, Trial]], int]:
    """Pairs of valid trials, and how many pairs are not valid."""
    both = [(first[number], other[number]) for number in first if number in other]
    valid = [pair for pair in both if pair[0].valid and pair[1].valid]
    return valid, len(both) - len(valid)


def _columns(pairs: Sequence[tuple[Trial, Trial]], metric: str) -> tuple[Floats, Floats]:
    """The metric of both sides, (n,) each, where both have it."""
    values = [(getattr(a, metric), getattr(b, metric)) for a, b in pairs]
    known = np.array([v for v in values if None not in v], dtype=np.float64).reshape(-1, 2)
    return known[:, 0], known[:, 1]


def _estimate(pairs: Sequence[tuple[Trial, Trial]], metric: str, resampler: Resampler) -> Estimate | None:
    return paired(*_columns(pairs, metric), resampler)


def _ratio(
    metric: str, estimate: Estimate | None, p: float, pairs: Sequence[tuple[Trial, Trial]], others: int
) -> Ratio:
    first, other = _columns(pairs, metric)
    if estimate is None:
        return Ratio(metric, None, None, None, None, len(first), "too few trials")
    ratio, low, high, p = (float(f"{value:.6g}") for value in (estimate.ratio, estimate.low, estimate.high, p))
    verdict = _verdict(estimate, p, bool((first == other).all()), _can_tell(len(first), others * len(COMPARED)))
    return Ratio(metric, ratio, low, high, p, len(first), verdict)


def _verdict(estimate: Estimate, p: float, equal: bool, can_tell: bool) -> Verdict:
    if equal:
        return "equal"
    if not can_tell:
        return "too few trials"
    if p >= SIGNIFICANT or not estimate.excludes():
        return "no significant difference"
    return "lower" if estimate.ratio < 1 else "higher"
