"""Keys that do not exist."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.origins.absent import Absent

KEYS = [f"t0:{number}" for number in range(4000)]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_share_is_kept_for_any_seed(share: float, seed: int) -> None:
    found = sum(key in Absent(share, seed) for key in KEYS) / len(KEYS)
    assert abs(found - share) <= 4 * math.sqrt(share * (1 - share) / len(KEYS))


@given(st.integers(0, 2**31), st.integers(0, 2**31), st.floats(0, 1))
def test_the_number_decides_and_not_the_trials_label(number: int, seed: int, share: float) -> None:
    assert (f"t0:{number}" in Absent(share, seed)) == (f"t17:{number}" in Absent(share, seed))


def test_another_seed_misses_other_keys() -> None:
    one, other = ({key for key in KEYS if key in Absent(0.5, seed)} for seed in (1, 2))
    assert 0.4 < len(one & other) / len(one) < 0.6


def test_a_larger_share_misses_the_same_keys_and_more() -> None:
    few, many = ({key for key in KEYS if key in Absent(share, 1)} for share in (0.1, 0.3))
    assert few < many
