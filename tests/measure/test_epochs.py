"""Loads per key and epoch."""

from __future__ import annotations

import math

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
    return [count for count, _ in loads_per_epoch(loads)]


@pytest.mark.parametrize(
    ("loads", "expected"),
    [
        ([], []),
        ([("k", 0.0, 1.0)], [1]),
        ([("k", 0.0, 1.0), ("k", 0.5, 1.5)], [2]),  # the second arrived before the first had ended
        ([("k", 0.0, 1.0), ("k", 5.0, 6.0)], [1, 1]),
        ([("k", 0.0, 1.0), ("k", 1.05, 2.0), ("k", 1.2, 2.0)], [2, 1]),  # a tenth of Δ after the end still counts
        ([("k", 0.0, 9.0), ("k", 1.0, 2.0), ("k", 2.05, 3.0), ("k", 3.0, 4.0)], [3, 1]),  # the first end decides
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


def test_if_all_were_cut_short_they_are_all_that_there_is() -> None:
    assert fold([("k", 9.5, 10.5)], until=10.0).counts == {1: 1}
