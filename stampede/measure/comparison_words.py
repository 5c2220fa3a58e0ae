"""What may be said of a comparison: its verdicts, and what weakens them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stampede.measure.comparison import Compared, Comparison
from stampede.measure.difference import difference
from stampede.measure.trends import drift, outliers
from stampede.measure.trial import Trial, values
from stampede.measure.validity import rests_on_enough

WATCHED = "latency_p99_ms"


def sentences(comparison: Comparison) -> list[str]:
    """The verdict on each strategy in words, one sentence each."""
    return [_in_words(each, comparison.reference) for each in comparison.strategies]


def _in_words(compared: Compared, reference: str) -> str:
    differing = [r for r in compared.ratios if r.verdict in ("lower", "higher")]
    found = [difference(r.metric, r.ratio, r.low, r.high, r.bad) for r in differing]
    if found:
        return f"{compared.strategy}: {', '.join(found)} than {reference}"
    if any(ratio.verdict == "too few trials" for ratio in compared.ratios):
        return f"{compared.strategy}: {compared.pairs} valid pairs are too few to compare it with {reference}"
    return f"{compared.strategy}: no significant difference to {reference}"


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
