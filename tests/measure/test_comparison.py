"""Strategies against the first of them, by their trials."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import pytest

from stampede.measure.comparison import (
    JUDGED,
    Comparison,
    Ratio,
    compare,
    fewest_pairs,
    labels,
)
from stampede.measure.comparison_words import sentences, warnings
from stampede.measure.difference import factor
from stampede.measure.significance import SIGNIFICANT
from stampede.measure.trial import Trial

MakeTrial = Callable[..., Trial]
MakePairs = Callable[..., list[Trial]]


@pytest.fixture
def pairs(trial: MakeTrial) -> MakePairs:
    """Makes n pairs of trials of `a` and `b`: p99 of `a` varies by 2 %, that of `b` is `times` as long."""

    def make(n: int = 12, times: float = 1.0, a: dict[str, object] | None = None, **b: object) -> list[Trial]:
        noise = 1 + 0.02 * np.random.default_rng(3).standard_normal((n, 2))
        well = {"requests": 500, "ok": 500, "db_hits": 4, "latency_p99_ms": 100.0, "duration_s": 0.1}
        return [
            trial(strategy=name, trial=number, **(well | {"latency_p99_ms": 100 * factor} | changes))
            for number, (one, other) in enumerate(noise, start=1)
            for name, factor, changes in (("a", one, a or {}), ("b", other * times, b))
        ]

    return make


def of(comparison: Comparison, metric: str, which: int = 0) -> Ratio:
    (ratio,) = (ratio for ratio in comparison.strategies[which].ratios if ratio.metric == metric)
    return ratio


def test_copies_of_a_spec_get_names_of_their_own() -> None:
    assert labels(["x", "y", "x", "x"]) == ["x", "y", "x #2", "x #3"]


def test_a_known_difference_is_found_and_its_ratio_is_inside_the_interval(pairs: MakePairs) -> None:
    ratio = of(compare(pairs(times=1.1), ["a", "b"], 1), "latency_p99_ms")
    assert ratio.verdict == "higher"
    assert ratio.low is not None
    assert ratio.high is not None
    assert 1 < ratio.low < 1.1 < ratio.high < 1.15


def test_no_difference_is_called_none_and_equal_is_called_equal(pairs: MakePairs) -> None:
    comparison = compare(pairs(), ["a", "b"], 1)
    assert of(comparison, "latency_p99_ms").verdict == "no significant difference"
    assert of(comparison, "db_hits").verdict == "equal"
    assert sentences(comparison) == ["b: no significant difference to a"]


def test_no_hits_at_all_still_make_a_ratio(pairs: MakePairs) -> None:
    ratio = of(compare(pairs(db_hits=0), ["a", "b"], 1), "db_hits")
    assert ratio.verdict == "lower"
    assert ratio.ratio == pytest.approx(0.5 / 4.5, rel=1e-4)
    assert of(compare(pairs(a={"db_hits": 0}, db_hits=0), ["a", "b"], 1), "db_hits").verdict == "equal"


def test_pairs_with_an_invalid_trial_are_left_out_and_mentioned(pairs: MakePairs, trial: MakeTrial) -> None:
    trials = [*pairs(), trial(strategy="a", trial=13, latency_p99_ms=1.0)]
    trials += [trial(strategy="b", trial=13, latency_p99_ms=9e9, valid=False, reasons=["why"])]
    comparison = compare(trials, ["a", "b"], 1)
    assert (comparison.strategies[0].pairs, comparison.strategies[0].dropped) == (12, 1)
    assert of(comparison, "latency_p99_ms").pairs == 12
    assert "b: 1 of 13 pairs are left out, for a trial is INVALID" in warnings(comparison, trials)


def test_a_figure_that_nobody_has_is_too_few(pairs: MakePairs) -> None:
    comparison = compare(pairs(latency_p99_ms=None), ["a", "b"], 1)
    assert of(comparison, "latency_p99_ms").verdict == "too few trials"
    assert comparison.half_width is None


def test_a_few_pairs_have_an_interval_but_no_verdict(pairs: MakePairs) -> None:
    comparison = compare(pairs(6, times=9), ["a", "b"], 1)
    p99 = of(comparison, "latency_p99_ms")
    assert p99.ratio == pytest.approx(9, rel=0.05)
    assert p99.verdict == "too few trials"
    assert sentences(comparison) == ["b: 6 valid pairs are too few to compare it with a"]
    assert of(compare(pairs(7, times=9), ["a", "b"], 1), "latency_p99_ms").verdict == "higher"


def test_two_pairs_are_too_few_for_any_verdict(pairs: MakePairs) -> None:
    comparison = compare(pairs(2, times=9), ["a", "b"], 1)
    assert of(comparison, "latency_p99_ms").verdict == "too few trials"
    assert sentences(comparison) == ["b: 2 valid pairs are too few to compare it with a"]
    assert sentences(compare([], ["a", "b"], 1)) == ["b: 0 valid pairs are too few to compare it with a"]


@pytest.mark.parametrize("others", [1, 5, 20])
def test_so_many_pairs_can_show_what_differs_alike_in_all_of_them(trial: MakeTrial, others: int) -> None:
    names = [f"s{n}" for n in range(others + 1)]
    n = fewest_pairs(len(names))
    trials = [trial(strategy=name, trial=k, db_hits=500 if name == "s0" else 1) for k in range(n) for name in names]
    assert of(compare(trials, names, 1), "db_hits", others - 1).verdict == "lower"
    assert 2.0 ** (1 - n) * others * JUDGED < SIGNIFICANT


def test_the_verdict_is_in_words(pairs: MakePairs) -> None:
    trials = pairs(a={"db_hits": 500, "redis_commands": 10}, db_hits=1, redis_commands=2000, times=0.25)
    (text,) = sentences(compare(trials, ["a", "b"], 1, ["redis_commands"]))
    assert text.startswith("b: 500× fewer DB hits, ")
    assert "p99 4.01× lower [3.9, 4.11]" in text
    assert text.endswith("200× more Redis commands than a")


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        ((0.05, 0.04, 0.0625), "20× [16, 25]"),
        ((1.1, 1.05, 1.15), "10% [5, 15]"),
        ((0.9, 0.85, 0.95), "10% [5, 15]"),
        ((2, 2, 2), "2×"),
        ((1.5, 1.5, 1.5), "50%"),
        ((4000, 3000, 5000), "4,000× [3,000, 5,000]"),
    ],
)
def test_a_factor_is_seen_from_the_larger_one(ratio: Sequence[float], text: str) -> None:
    assert factor(*ratio) == text


def test_outliers_drift_and_small_bursts_are_warned_about(pairs: MakePairs) -> None:
    steady = pairs(a={"latency_p99_ms": 100.0}, latency_p99_ms=104.0)
    assert warnings(compare(steady, ["a", "b"], 1), steady) == []
    loud = [
        msgspec.structs.replace(t, requests=100, latency_p99_ms=t.latency_p99_ms * (9 if t.trial == 4 else 1))
        if t.strategy == "a"
        else msgspec.structs.replace(t, latency_p99_ms=t.latency_p99_ms * (1 + t.trial / 20))
        for t in pairs(30)
        if t.latency_p99_ms
    ]
    outlier, *_, drifted, small = warnings(compare(loud, ["a", "b"], 1), loud)
    assert outlier.startswith("a: 1 of 30 trials are outliers")
    assert drifted.startswith("b: p99 drifted by +")
    assert small.startswith("p99 rests on fewer than five requests")


def test_only_primary_metrics_and_what_a_gate_names_are_judged(pairs: MakePairs) -> None:
    trials = pairs(latency_p50_ms=999.0, redis_commands=999)
    plain, gated = compare(trials, ["a", "b"], 1), compare(trials, ["a", "b"], 1, ["redis_commands"])
    assert (of(plain, "redis_commands").verdict, of(plain, "redis_commands").p) == ("not judged", None)
    assert of(plain, "redis_commands").ratio is not None
    assert of(gated, "redis_commands").verdict == "higher"
    assert of(gated, "latency_p50_ms").verdict == "not judged"
    assert of(plain, "failed").verdict == "equal"


def test_rare_catastrophes_are_not_trimmed_away(trial: MakeTrial) -> None:
    trials = [
        trial(strategy=name, trial=k, latency_max_ms=(1000.0 if name == "b" and k % 5 == 0 else 100.0) + k % 3)
        for k in range(40)
        for name in "ab"
    ]
    worst = of(compare(trials, ["a", "b"], 1), "latency_max_ms")
    assert (worst.verdict, worst.bad) == ("higher", (0, 8))
    assert worst.ratio == pytest.approx(10, rel=0.03)
    assert sentences(compare(trials, ["a", "b"], 1)) == [
        f"b: max {worst.ratio:.3g}× higher (8 bad trials, not 0) than a"
    ]
