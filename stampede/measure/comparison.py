"""Strategies against the first of them, trial by trial: ratios, intervals, and what may be said of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from stampede.core.metrics import METRICS, In, shown_in
from stampede.measure.bad import Bad, worst
from stampede.measure.family import Question, adjusted, is_judged
from stampede.measure.significance import SIGNIFICANT, Floats
from stampede.measure.statistics import FEWEST, Estimate, Resampler, paired
from stampede.measure.trial import Trial

COMPARED = tuple(shown_in(In.COMPARED))
JUDGED = sum(is_judged(metric, ()) for metric in COMPARED)
FEWEST_PAIRS = 10

Verdict = Literal["lower", "higher", "equal", "no significant difference", "too few trials", "not judged"]


class Ratio(msgspec.Struct, frozen=True):
    """One metric as a multiple of the reference's: the typical ratio of `pairs` trials.

    `low` and `high` bound its own 95 % interval; `p` is adjusted for all that is judged together, so that a verdict
    may be stricter than the interval. All four are None for fewer than three pairs; about ten are needed for a
    verdict. A maximum is that of all trials and has no interval: its verdict is on how many trials of each side are
    `bad`.
    """

    metric: str
    ratio: float | None
    low: float | None
    high: float | None
    p: float | None
    pairs: int
    verdict: Verdict
    bad: tuple[int, int] | None = None


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


def _fewest(comparisons: int) -> int:
    return next(pairs for pairs in itertools.count(1) if _can_tell(pairs, comparisons))


POSSIBLE_PAIRS = _fewest(1)
"""With fewer no verdict is possible, even if nothing else is asked."""


def sure_pairs(strategies: int) -> int:
    """So few pairs can show a difference, whatever is compared beside it."""
    return _fewest(max(1, strategies - 1) * JUDGED)


def fewest_pairs(strategies: int) -> int:
    """After so many pairs a comparison that may end at any time begins to ask whether it should."""
    return max(FEWEST_PAIRS, sure_pairs(strategies))


def compare(trials: Sequence[Trial], names: Sequence[str], seed: int, named: Collection[str] = ()) -> Comparison:
    """Compare the trials of `names`, whose first is the reference, pair by pair: trials of the same number.

    Primary metrics and those `named` by a gate get a verdict, the others only their ratio.
    """
    by_number: dict[str, dict[int, Trial]] = {name: {} for name in names}
    for trial in trials:
        by_number[trial.strategy][trial.trial] = trial
    reference, *others = names
    sides = {other: _pairs(by_number[reference], by_number[other]) for other in others}
    resampler = Resampler(seed)
    looks = {(other, metric): _Look.at(metric, sides[other][0], resampler) for other in others for metric in COMPARED}
    judged = {key: look for key, look in looks.items() if is_judged(key[1], named)}
    ps = adjusted({key: Question(look.p, *look.asked) for key, look in judged.items()})
    strategies = [
        Compared(
            other,
            [_ratio(metric, looks[other, metric], ps.get((other, metric)), len(ps), named) for metric in COMPARED],
            len(sides[other][0]),
            sides[other][1],
        )
        for other in others
    ]
    widths = [look.width for (_, metric), look in judged.items() if not METRICS[metric].maximum]
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


class _Look(NamedTuple):
    """One metric of the pairs that both have it: what is seen of it, and what is asked."""

    first: Floats
    other: Floats
    estimate: Estimate | None
    bad: Bad | None

    @classmethod
    def at(cls, metric: str, pairs: Sequence[tuple[Trial, Trial]], resampler: Resampler) -> _Look:
        first, other = _columns(pairs, metric)
        bad = Bad(first, other) if METRICS[metric].maximum and len(first) else None
        return cls(first, other, None if bad else paired(first, other, resampler), bad)

    @property
    def p(self) -> float:
        if self.bad:
            return self.bad.p_of_pairs()
        return self.estimate.p if self.estimate else 1.0

    @property
    def asked(self) -> tuple[Floats, Floats]:
        """The figures that the question is about: of a maximum, which trials are bad."""
        return self.bad.columns if self.bad else (self.first, self.other)

    @property
    def width(self) -> float:
        return self.estimate.width if self.estimate else math.inf


def _ratio(metric: str, look: _Look, p: float | None, family: int, named: Collection[str]) -> Ratio:
    pairs = len(look.first)
    if pairs and (look.first == look.other).all() and pairs >= FEWEST:
        return Ratio(metric, 1.0, 1.0, 1.0, None, pairs, "equal")
    if look.bad:
        verdict = _verdict(p, look.bad.counts[1] > look.bad.counts[0]) if p is not None else "not judged"
        return Ratio(metric, worst(look.first, look.other), None, None, p, pairs, verdict, look.bad.counts)
    if look.estimate is None:
        return Ratio(metric, None, None, None, None, pairs, "too few trials")
    ratio, low, high = (float(f"{each:.6g}") for each in (look.estimate.ratio, look.estimate.low, look.estimate.high))
    if not is_judged(metric, named):
        return Ratio(metric, ratio, low, high, None, pairs, "not judged")
    shown = float(f"{1.0 if p is None else p:.6g}")
    if not _can_tell(pairs, max(1, family)):
        return Ratio(metric, ratio, low, high, shown, pairs, "too few trials")
    verdict = _verdict(shown if look.estimate.excludes() else 1.0, ratio > 1)
    return Ratio(metric, ratio, low, high, shown, pairs, verdict)


def _verdict(p: float, higher: bool) -> Verdict:
    if p >= SIGNIFICANT:
        return "no significant difference"
    return "higher" if higher else "lower"
