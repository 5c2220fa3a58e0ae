"""Loads per key and epoch."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.measure.epochs import fold, loads_per_epoch

Load = tuple[str, float, float]
TIMES = st.floats(0, 1000, allow_nan=False)
LOADS = st.lists(
    st.tuples(st.sampled_from("abc"), TIMES, st.floats(0.001, 5)).map(lambda row: (row[0], row[1], row[1] + row[2])),
    max_size=40,
)


def counts(*loads: Load) -> list[int]:
    return [each.loads for each in loads_per_epoch(loads)]


@pytest.mark.parametrize(
    ("loads", "expected"),
    [
        ([], []),
        ([("k", 0.0, 1.0)], [1]),
        ([("k", 0.0, 1.0), ("k", 0.5, 1.5)], [2]),  # the second arrived before the first had ended
        ([("k", 0.0, 1.0), ("k", 5.0, 6.0)], [1, 1]),
        ([("k", 0.0, 1.0), ("k", 1.05, 2.0), ("k", 1.2, 2.0)], [2, 1]),  # a tenth of Δ after the end still counts
        ([("k", 0.0, 9.0), ("k", 1.0, 2.0), ("k", 2.05, 3.0), ("k", 3.0, 4.0)], [3, 1]),  # the first end decides
        ([("k", 0.0, math.inf), ("k", 0.5, 1.5), ("k", 3.0, 4.0)], [2, 1]),  # who gave up brought no value
        ([("a", 0.0, 1.0), ("b", 0.5, 1.5)], [1, 1]),
    ],
)
def test_an_epoch_is_all_loads_that_arrived_before_its_first_value(loads: list[Load], expected: list[int]) -> None:
    assert counts(*loads) == expected


@given(LOADS)
def test_every_load_belongs_to_one_epoch_whatever_their_order(loads: list[Load]) -> None:
    assert sum(counts(*loads)) == len(loads)
    assert sorted(loads_per_epoch(loads)) == sorted(loads_per_epoch(list(reversed(loads))))
    assert all(count >= 1 for count in counts(*loads))


@given(LOADS)
def test_the_distribution_is_that_of_the_epochs(loads: list[Load]) -> None:
    folded = fold(loads)
    assert folded.epochs == len(counts(*loads)) == sum(folded.counts.values())
    assert sum(number * epochs for number, epochs in folded.counts.items()) == len(loads)
    assert folded.maximum == max(counts(*loads), default=0)


def test_the_mean_has_its_interval() -> None:
    folded = fold(
        [("k", 10.0 * n, 10.0 * n + 1) for n in range(8)] + [("k", 10.0 * n + 0.5, 10.0 * n + 2) for n in range(4)]
    )
    assert (folded.epochs, folded.counts, folded.maximum) == (8, {1: 4, 2: 4}, 2)
    assert folded.mean == 1.5
    assert folded.ci95 == pytest.approx(2.3646 * math.sqrt(8 * 0.25 / 7) / math.sqrt(8), abs=1e-3)


def test_one_epoch_has_no_interval_and_none_has_no_mean() -> None:
    assert fold([("k", 0.0, 1.0)]).ci95 is None
    assert (fold([]).epochs, fold([]).mean, fold([]).counts) == (0, 0.0, {})


def test_an_epoch_that_the_end_cut_short_is_counted_but_not_in_the_mean() -> None:
    loads = [("k", 0.0, 1.0), ("k", 5.0, 6.0), ("k", 5.5, 6.5), ("k", 9.5, 10.5)]
    folded = fold(loads, until=10.0)
    assert (folded.epochs, folded.counts) == (3, {1: 1, 2: 1})


def test_only_epochs_count_that_began_early_enough_for_the_longest_to_be_over() -> None:
    loads = [("k", 0.0, 1.0), ("k", 3.0, 4.0), ("k", 3.5, 4.5), ("k", 7.0, 8.0)]
    assert fold(loads, until=10.0, longest=0.0).counts == {1: 2, 2: 1}
    assert fold(loads, until=10.0, longest=7.0).counts == {1: 1, 2: 1}, "the last began at 4"
    assert fold(loads, until=10.0, longest=20.0).counts == {1: 2, 2: 1}, "too short a trial for that"


def test_a_mean_over_whole_lifetimes_is_not_biased_by_where_the_trial_ends() -> None:
    """Lifetimes of 1 s with one load and of 9 s with three: on average two."""
    random = Random(1)

    def trial(length: float) -> list[Load]:
        loads, at = [], 0.0
        while at < length + 10:
            lasting, number = random.choice([(1.0, 1), (9.0, 3)])
            loads += [("k", at + lasting, at + lasting + 0.1)] * number
            at += lasting + 0.1
        return [load for load in loads if load[1] <= length]

    trials = [trial(20.0) for _ in range(2000)]
    means = {
        longest: sum(n * k for folded in seen for n, k in folded.counts.items())
        / sum(k for folded in seen for k in folded.counts.values())
        for longest, seen in ((at, [fold(each, 20.0, at) for each in trials]) for at in (0.0, 9.1))
    }
    assert means[9.1] == pytest.approx(2.0, abs=0.06)
    assert means[0.0] < 1.9, "the short ones are over more often"


def test_if_all_were_cut_short_they_are_all_that_there_is() -> None:
    assert fold([("k", 9.5, 10.5)], until=10.0).counts == {1: 1}
