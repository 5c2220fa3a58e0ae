"""One metric of two sides: what is seen of it, and what may be said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from stampede.core.metrics import METRICS
from stampede.measure.bad import Bad, worst
from stampede.measure.runs import unpaired
from stampede.measure.significance import SIGNIFICANT, Floats
from stampede.measure.statistics import FEWEST, Estimate, Resampler, ratio

Verdict = Literal["better", "worse", "equal", "same", "cannot be told", "not judged"]


class Change(msgspec.Struct, frozen=True):
    """One metric of the new side as a multiple of the old one's: the ratio of their typical valid trials.

    `low` and `high` bound its own 95 % interval, `p` is the chance to see as much if nothing had changed by more than
    the threshold, adjusted for all that is judged; None for fewer than three trials on a side. The same is what is
    judged and whose interval lies wholly within the threshold. A maximum is that of
    all trials and has no interval: its verdict is on how many trials of each side are `bad`.
    """

    metric: str
    ratio: float | None
    low: float | None
    high: float | None
    p: float | None
    verdict: Verdict
    bad: tuple[int, int] | None = None


class Margins(NamedTuple):
    """What is no change: up to the threshold, between runs, and between trials that are like those before them.

    `between` is a spread and its degrees of freedom.
    """

    threshold: float
    between: tuple[float, float]
    inflation: float


class Look(NamedTuple):
    """What is seen of one metric of one strategy, and what is asked about it."""

    old: Floats
    new: Floats
    estimate: Estimate | None
    bad: Bad | None

    @classmethod
    def at(
        cls, metric: str, old: Sequence[Floats], new: Sequence[Floats], resampler: Resampler, margins: Margins
    ) -> Look:
        """Look at the trials of one or more runs a side."""
        before, after = np.concatenate(old), np.concatenate(new)
        if METRICS[metric].maximum and min(len(before), len(after)) >= FEWEST:
            return cls(before, after, None, Bad(before, after))
        return cls(before, after, unpaired(old, new, resampler, *margins), None)

    @property
    def p(self) -> float:
        """Before it is adjusted."""
        if self.bad:
            return self.bad.p_of_groups()
        return self.estimate.p if self.estimate else 1.0

    @property
    def asked(self) -> tuple[Floats, Floats]:
        """The figures that the question is about: of a maximum, which trials are bad."""
        return self.bad.columns if self.bad else (self.old, self.new)

    @property
    def equal(self) -> bool:
        """Whether all trials of both sides are alike."""
        enough = min(len(self.old), len(self.new)) >= FEWEST
        return enough and np.unique(np.concatenate([self.old, self.new])).size == 1


def change(metric: str, look: Look, p: float | None, threshold: float) -> Change:
    """What became of a metric; `p` is adjusted, None if no verdict was asked for."""
    if look.equal:
        return Change(metric, 1.0, 1.0, 1.0, None, "equal")
    if look.bad:
        old, new = (count / len(side) for count, side in zip(look.bad.counts, (look.old, look.new), strict=True))
        verdict = _verdict(p, True, new > old)
        return Change(metric, worst(look.old, look.new), None, None, p, verdict, look.bad.counts)
    if look.estimate is None:
        return Change(metric, ratio(look.old, look.new), None, None, None, "cannot be told")
    size, low, high = (float(f"{each:.6g}") for each in (look.estimate.ratio, look.estimate.low, look.estimate.high))
    verdict = _verdict(p, look.estimate.excludes(threshold), (size > 1) != METRICS[metric].more_is_better)
    if verdict == "cannot be told" and look.estimate.within(threshold):
        verdict = "same"
    return Change(metric, size, low, high, None if p is None else float(f"{p:.6g}"), verdict)


def _verdict(p: float | None, beyond: bool, worse: bool) -> Verdict:
    if p is None:
        return "not judged"
    if p >= SIGNIFICANT or not beyond:
        return "cannot be told"
    return "worse" if worse else "better"
