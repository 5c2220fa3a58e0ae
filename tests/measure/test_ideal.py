"""How many loads would do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stampede.core.units import Duration
from stampede.measure.ideal import Break, ideal_loads
from stampede.measure.requests import Requests
from stampede.scenario.model import CacheSetup

TTL_S, LOAD_S = 1.0, 0.1
COLD, WARM = CacheSetup(ttl=Duration(TTL_S)), CacheSetup(ttl=Duration(TTL_S), start="warm")
MOMENTS = st.lists(st.tuples(st.floats(0, 10), st.integers(0, 3)), min_size=1, max_size=60)


def asked(*rows: tuple[float, int]) -> Requests:
    """Requests at these seconds, for these keys."""
    at, key = (np.array(column) for column in zip(*rows, strict=True))
    zeros = np.zeros(len(rows), np.int8)
    numbers = zeros.astype(np.int32)
    at = at.astype(np.float64)
    return Requests(numbers, key.astype(np.int32), at, at, at, zeros, zeros, numbers)


def ideal(rows: Sequence[tuple[float, int]], breaks: Sequence[Break] = (), cache: CacheSetup = COLD) -> int:
    return ideal_loads(cache, LOAD_S, asked(*rows), breaks)


def test_a_cold_burst_needs_a_load_for_each_key_and_a_warm_one_none() -> None:
    rows = [(0.0, 3), (0.0, 3), (0.0, 5)]
    assert ideal(rows) == 2
    assert ideal(rows, cache=WARM) == 0


def test_a_lifetime_is_a_load_and_the_time_to_live_from_the_request_that_begins_it() -> None:
    assert ideal([(0.0, 0), (1.09, 0)]) == 1
    assert ideal([(0.0, 0), (1.11, 0)]) == 2
    steady = [(n / 1000, 0) for n in range(10_000)]
    assert ideal(steady) == 10  # at 0, 1.1, … 9.9
    assert ideal(steady, cache=WARM) == 9  # at 1.0, 2.1, … 9.8


def test_what_is_removed_is_loaded_once_more_and_only_if_it_is_asked_for() -> None:
    rows = [(0.0, 0), (0.5, 0), (0.0, 1)]
    assert ideal(rows, [(0.3, 0)]) == 3
    assert ideal(rows, [(0.3, 1), (0.7, 0)]) == 2
    assert ideal(rows, [(0.3, 0), (0.3, 1)], WARM) == 1


@given(MOMENTS, MOMENTS)
def test_it_is_the_fewest_lifetimes_that_cover_all(rows: list[tuple[float, int]], breaks: list[Break]) -> None:
    """Against a plain count, request by request."""
    expected = 0
    last: dict[int, float] = {}
    for at, key in sorted(rows):
        begun = last.get(key, -np.inf)
        broken = any(begun < moment <= at and key == other for moment, other in breaks)
        if at >= begun + (LOAD_S + TTL_S) or broken:
            expected += 1
            last[key] = at
    assert ideal(rows, breaks) == expected
