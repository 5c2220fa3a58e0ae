"""Strategies against the first of them, trial by trial: ratios, intervals, and what may be said of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np

from stampede.core.metrics import METRICS, In, shown_in
from stampede.measure.statistics import SIGNIFICANT, Estimate, Floats, Resampler, drift, holm, outliers, paired
from stampede.measure.trial import Trial
from stampede.measure.validity import rests_on_enough

COMPARED = tuple(shown_in(In.COMPARED))
FEWEST_PAIRS = 10
WATCHED = "latency_p99_ms"

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


def sentences(comparison: Comparison) -> list[str]:
    """The verdict on each strategy in words, one sentence each."""
    return [_in_words(each, comparison.reference) for each in comparison.strategies]


def _in_words(compared: Compared, reference: str) -> str:
    differing = [r for r in compared.ratios if r.verdict in ("lower", "higher")]
    found = [difference(r.metric, r.ratio, r.low, r.high) for r in differing]
    if found:
        return f"{compared.strategy}: {', '.join(found)} than {reference}"
    if any(ratio.verdict == "too few trials" for ratio in compared.ratios):
        return f"{compared.strategy}: {compared.pairs} valid pairs are too few to compare it with {reference}"
    return f"{compared.strategy}: no significant difference to {reference}"


def difference(metric: str, ratio: float | None, low: float | None, high: float | None) -> str:
    """`500× fewer DB hits`, `p99 22.4× lower [21.9, 23.0]`."""
    assert ratio is not None
    assert low is not None
    assert high is not None
    amount, _, interval = factor(ratio, low, high).partition(" ")
    name = METRICS[metric].label
    if METRICS[metric].counted:
        text = f"{amount} {'fewer' if ratio < 1 else 'more'} {name}"
    else:
        text = f"{name} {amount} {'lower' if ratio < 1 else 'higher'}"
    return f"{text} {interval}".rstrip()


def factor(ratio: float, low: float, high: float) -> str:
    """How far apart, seen from the larger one: `22.4× [21.9, 23.0]`, below a factor of two `12% [10, 14]`."""
    if ratio < 1:
        share = (1 - ratio, 1 - high, 1 - low)
        ratio, low, high = 1 / ratio, 1 / high, 1 / low
    else:
        share = (ratio - 1, low - 1, high - 1)
    if ratio < 2:
        middle, *bounds = (f"{100 * each:.3g}" for each in share)
        return f"{middle}%" + ("" if bounds == [middle, middle] else f" [{bounds[0]}, {bounds[1]}]")
    middle, *bounds = (f"{each:.3g}" if each < 1000 else f"{each:,.0f}" for each in (ratio, low, high))
    return f"{middle}×" + ("" if bounds == [middle, middle] else f" [{bounds[0]}, {bounds[1]}]")


def warnings(comparison: Comparison, trials: Sequence[Trial]) -> list[str]:
    """What weakens the comparison: dropped pairs, outliers, drift, percentiles that rest on too few requests."""
    result = [
        f"{each.strategy}: {each.dropped} of {each.dropped + each.pairs} pairs are left out, for a trial is INVALID"
        for each in comparison.strategies
        if each.dropped
    ]
    for name in (comparison.reference, *(each.strategy for each in comparison.strategies)):
        result += _of_sequence(name, [t for t in trials if t.strategy == name and t.valid])
    if not all(rests_on_enough(trial.requests, 0.99) for trial in trials):
        result.append("p99 rests on fewer than five requests a trial: take at least 500 requests")
    return result


def _of_sequence(name: str, trials: Sequence[Trial]) -> list[str]:
    values = np.array([v for t in trials if (v := getattr(t, WATCHED))], dtype=np.float64)
    if not len(values):
        return []
    result = []
    far = values[outliers(values)]
    if len(far):
        result.append(
            f"{name}: {len(far)} of {len(values)} trials are outliers, which count all the same "
            f"(p99 {far.min():,.0f} to {far.max():,.0f} ms, median {np.median(values):,.0f})"
        )
    change = drift(values)
    if change is not None:
        result.append(f"{name}: p99 drifted by {100 * change:+.0f}% from the first half of the trials to the second")
    return result
