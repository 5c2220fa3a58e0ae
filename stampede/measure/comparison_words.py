"""What may be said of a comparison: its verdicts, and what weakens them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stampede.measure.comparison import POSSIBLE_PAIRS, Compared, Comparison, sure_pairs
from stampede.measure.difference import difference
from stampede.measure.trends import drift, outliers
from stampede.measure.trial import Trial, values
from stampede.measure.validity import rests_on_enough

WATCHED = "latency_p99_ms"


def sentences(comparison: Comparison) -> list[str]:
    """The verdict on each strategy in words, one sentence each; one for all of which there are too few pairs."""
    few = [each for each in comparison.strategies if is_too_few(each)]
    said = [_in_words(each, comparison.reference) for each in comparison.strategies if each not in few]
    return [*said, _too_few(few, comparison.reference)] if few else said


def is_too_few(compared: Compared) -> bool:
    """Whether nothing may be said, for there are too few pairs."""
    told = any(ratio.verdict in ("lower", "higher") for ratio in compared.ratios)
    return not told and any(ratio.verdict == "too few trials" for ratio in compared.ratios)


def _too_few(few: Sequence[Compared], reference: str) -> str:
    pairs = sorted({each.pairs for each in few})
    many = f"{pairs[0]} valid pair" if len(pairs) == 1 else f"{pairs[0]} to {pairs[-1]} valid pair"
    are = " is" if pairs == [1] else "s are"
    them = "it" if len(few) == 1 else "them"
    return f"{', '.join(each.strategy for each in few)}: {many}{are} too few to compare {them} with {reference}"


def verdicts_need(pairs: int, strategies: int) -> str:
    """What so few pairs of so many strategies keep from being said; empty if they are enough."""
    sure = sure_pairs(strategies)
    if pairs >= sure:
        return ""
    if pairs >= POSSIBLE_PAIRS:
        return f"{pairs} pairs are too few for some verdicts: {sure} are enough for all"
    return f"no verdict is possible with fewer than {POSSIBLE_PAIRS} pairs, {sure} are enough for all: intervals only"


def _in_words(compared: Compared, reference: str) -> str:
    differing = [r for r in compared.ratios if r.verdict in ("lower", "higher")]
    found = [difference(r.metric, r.ratio, r.low, r.high, r.bad) for r in differing]
    if found:
        return f"{compared.strategy}: {', '.join(found)} than {reference}"
    return f"{compared.strategy}: no significant difference to {reference}"


def warnings(comparison: Comparison, trials: Sequence[Trial]) -> list[str]:
    """What weakens the comparison: dropped pairs, outliers, drift, percentiles that rest on too few requests."""
    result = [
        f"{each.strategy}: {each.dropped} of {each.dropped + each.pairs} pairs are left out, for a trial is INVALID"
        for each in comparison.strategies
        if each.dropped
    ]
    fewest = min((each.pairs for each in comparison.strategies), default=0)
    if few := verdicts_need(fewest, 1 + len(comparison.strategies)):
        result.append(few)
    for name in (comparison.reference, *(each.strategy for each in comparison.strategies)):
        result += _of_sequence(name, [t for t in trials if t.strategy == name and t.valid])
    if not all(rests_on_enough(trial.requests, 0.99) for trial in trials):
        result.append("p99 rests on fewer than five requests a trial: take at least 500 requests")
    return result


def _of_sequence(name: str, trials: Sequence[Trial]) -> list[str]:
    seen = np.array([each for each in values(trials, WATCHED) if each], dtype=np.float64)
    if not len(seen):
        return []
    result = []
    far = seen[outliers(seen)]
    if len(far):
        result.append(
            f"{name}: {len(far)} of {len(seen)} trials are outliers, which count all the same "
            f"(p99 {far.min():,.0f} to {far.max():,.0f} ms, median {np.median(seen):,.0f})"
        )
    change = drift(seen)
    if change is not None:
        result.append(f"{name}: p99 drifted by {100 * change:+.0f}% from the first half of the trials to the second")
    return result
