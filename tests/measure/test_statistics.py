"""Ratios, intervals and tests: against tables, against known truths, and how often they are wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.measure.distributions import t_beyond, t_quantile
from stampede.measure.runs import unpaired
from stampede.measure.significance import holm, p_of_discordant, p_of_shares
from stampede.measure.statistics import Resampler, paired, ratio, typical
from stampede.measure.trends import drift, inflation, outliers

RESAMPLER = Resampler(1)
COUNTS = st.lists(st.integers(0, 1000), min_size=3, max_size=30)


@pytest.mark.parametrize(
    ("df", "t"), [(1, 12.7062), (2, 4.3027), (3, 3.1824), (7, 2.3646), (10, 2.2281), (30, 2.0423), (120, 1.9799)]
)
def test_student_s_t_is_that_of_the_tables(df: int, t: float) -> None:
    assert t_quantile(0.95, df) == pytest.approx(t, abs=1e-4)
    assert t_beyond(t, df) == pytest.approx(0.05, abs=1e-5)
    assert t_beyond(0, df) == 1


def test_holm_s_procedure_is_that_of_its_example() -> None:
    # 0.01 × 4, 0.02 × 3, 0.03 × 2 and 0.04 × 1, none below the one before it.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_never_lowers_a_p_value_and_keeps_the_order(ps: list[float]) -> None:
    adjusted = holm(ps)
    assert all(a >= p and 0 <= a <= 1 for a, p in zip(adjusted, ps, strict=True))
    assert [adjusted[i] for i in np.argsort(ps)] == sorted(adjusted)


@given(COUNTS)
def test_what_is_the_same_has_the_ratio_one_and_no_width(counts: list[int]) -> None:
    values = np.array(counts, dtype=float)
    estimate = paired(values, values, RESAMPLER)
    assert estimate is not None
    assert (estimate.ratio, estimate.low, estimate.high, estimate.width, estimate.p) == (1, 1, 1, 0, 1)
    assert not estimate.excludes()


@given(COUNTS, COUNTS)
def test_zeros_and_any_counts_have_a_finite_interval_around_the_ratio(first: list[int], second: list[int]) -> None:
    n = min(len(first), len(second))
    a, b = np.array(first, dtype=float), np.array(second, dtype=float)
    for estimate in (paired(a[:n], b[:n], RESAMPLER), unpaired([a], [b], RESAMPLER)):
        assert estimate is not None
        assert 0 < estimate.low <= estimate.high < math.inf
        assert estimate.low <= estimate.ratio * (1 + 1e-9)
        assert estimate.ratio <= estimate.high * (1 + 1e-9)
        assert 0 <= estimate.p <= 1


def test_a_constant_factor_has_no_width_and_is_as_sure_as_that_many_coins() -> None:
    estimate = paired(np.full(10, 500.0), np.full(10, 1.0), RESAMPLER)
    assert estimate is not None
    assert (estimate.ratio, estimate.low, estimate.high) == pytest.approx((0.002, 0.002, 0.002))
    assert estimate.p == 2 / 2**10
    apart = unpaired([np.full(5, 500.0)], [np.full(5, 1.0)], RESAMPLER)
    assert apart is not None
    assert apart.p == 2 / math.comb(10, 5)


def test_the_signed_ranks_are_those_of_wilcoxon_s_tables() -> None:
    # One of ten differences has the other sign, and is the smallest: 2 of 1024 ways are as far out on either side.
    logs = np.array([-1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    estimate = paired(np.ones(10), np.exp(logs / 10), RESAMPLER)
    assert estimate is not None
    assert estimate.p == pytest.approx(4 / 1024)
    # 3 and 3 alike, one of them down: with middle ranks 8 of 16 ways are as far out as ours.
    tied = paired(np.ones(4), np.array([8.0, 1 / 8, 8.0, 1.0]), RESAMPLER)
    assert tied is not None
    assert tied.p == 1


def test_two_trials_say_nothing_but_their_ratio() -> None:
    two = np.array([1.0, 2.0])
    assert paired(two, two, RESAMPLER) is None
    assert unpaired([two], [np.ones(9)], RESAMPLER) is None
    assert ratio(two, two * 3) == pytest.approx(3)
    assert ratio(two, np.array([])) is None


@pytest.mark.parametrize("n", [3, 5, 10, 40])
@pytest.mark.parametrize("law", ["normal", "heavy", "stalls"])
def test_an_interval_misses_the_truth_no_more_often_than_it_says(n: int, law: str) -> None:
    rng, missed, called, many = np.random.default_rng(n), 0, 0, 400

    def draw() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        noise = {"normal": rng.standard_normal(n), "heavy": rng.standard_t(2, n), "stalls": rng.standard_normal(n)}[
            law
        ]
        stalls = np.where(rng.random(n) < 0.1, 3.0, 1.0) if law == "stalls" else 1.0
        return np.exp(0.1 * noise) * stalls

    for _ in range(many):
        for estimate in (paired(draw(), draw(), RESAMPLER), unpaired([draw()], [draw()], RESAMPLER)):
            assert estimate is not None
            missed += not estimate.low <= 1 <= estimate.high
            called += estimate.p < 0.05
    # 5 % of 800 are 40, and four standard deviations more are 65.
    assert missed <= 65
    assert called <= 65


def test_a_margin_makes_small_changes_none() -> None:
    rng = np.random.default_rng(4)
    old, new = (np.exp(0.01 * rng.standard_normal(20)) for _ in range(2))
    for factor, told in ((1.04, False), (1.2, True), (0.8, True)):
        estimate = unpaired([old], [new * factor], RESAMPLER, margin=0.05)
        assert estimate is not None
        assert estimate.excludes()
        assert estimate.excludes(0.05) is told
        assert (estimate.p < 0.001) is told


def test_one_stall_does_not_decide() -> None:
    rng = np.random.default_rng(8)
    first, second = (np.exp(0.01 * rng.standard_normal(10)) for _ in range(2))
    second[3] *= 50
    estimate = paired(first, second * 1.1, RESAMPLER)
    assert estimate is not None
    assert estimate.ratio == pytest.approx(1.1, rel=0.02)


def test_the_typical_value_lies_in_its_interval_and_needs_three_trials() -> None:
    middle, low, high = typical(np.array([90.0, 100.0, 110.0, 105.0, 95.0]), RESAMPLER)
    assert middle == pytest.approx(100)
    assert low is not None
    assert high is not None
    assert low < 100 < high
    assert typical(np.array([7.0, 9.0]), RESAMPLER) == (8.0, None, None)
    assert typical(np.array([]), RESAMPLER) == (None, None, None)


def test_an_outlier_is_far_from_the_median_by_the_spread_of_the_others() -> None:
    values = np.array([100.0, 101, 99, 100, 102, 98, 300])
    assert outliers(values).tolist() == [False] * 6 + [True]
    assert not outliers(np.array([100.0] * 9 + [104.0])).any()  # within 5 %: not worth a word
    assert not outliers(np.geomspace(50, 200, 30)).any()  # wide, but none is far from the others


def test_a_drift_is_a_trend_that_chance_does_not_make() -> None:
    noise = np.random.default_rng(2).standard_normal(40)
    assert drift(100 + np.arange(40.0) + noise) == pytest.approx(0.18, abs=0.02)
    assert drift(100 + noise) is None
    assert drift(100 + np.arange(40) / 40) is None  # one percent
    assert drift(np.full(40, 100.0)) is None
    assert drift(np.array([1.0, 2.0])) is None


def test_a_drift_ranks_what_is_alike_alike() -> None:
    assert drift(np.array([1.0] * 9 + [2.0])) is None
    assert drift(np.repeat([100.0, 110.0], 20)) == pytest.approx(0.1)


def test_trials_like_those_before_them_say_less_and_independent_ones_no_less() -> None:
    rng = np.random.default_rng(5)
    noise = rng.standard_normal((60, 12))
    alike = noise.copy()
    for k in range(1, 12):
        alike[:, k] = 0.6 * alike[:, k - 1] + 0.8 * noise[:, k]
    assert inflation(np.exp(noise)) < 1.25
    assert 2.5 < inflation(np.exp(alike)) < 6  # (1 + 0.6) / (1 - 0.6) is 4
    assert inflation([np.ones(10), np.array([1.0, 2.0])]) == 1


def test_bad_trials_are_counted_exactly() -> None:
    assert p_of_discordant(8, 0) == 2 / 2**8
    assert p_of_discordant(3, 3) == p_of_discordant(0, 0) == 1
    # Fisher's tea: four of four right are 1 in 70 on either side.
    assert p_of_shares((4, 0), (4, 4)) == pytest.approx(2 / 70)
    assert p_of_shares((0, 0), (5, 9)) == 1


def test_a_spread_between_runs_is_in_the_interval_measured_or_stated() -> None:
    rng, held, told = np.random.default_rng(6), {"one": 0, "three": 0}, 0

    def runs(n: int) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
        return [np.exp(0.02 * rng.standard_normal() + 0.02 * rng.standard_normal(10)) for _ in range(n)]

    for _ in range(200):
        for name, n in (("one", 1), ("three", 3)):
            estimate = unpaired(runs(n), runs(n), RESAMPLER, between=(0.02, math.inf))
            assert estimate is not None
            held[name] += estimate.low <= 1 <= estimate.high
            told += estimate.p < 0.05
    # 190 of 200 are 95 %, and three standard deviations less are 180.
    assert min(held.values()) >= 180
    assert told <= 40
