"""The distributions against SciPy's."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import special

from stampede.measure.distributions import chi_squared_quantile, t_beyond, t_quantile

DEGREES = st.one_of(st.integers(1, 50), st.floats(1, 1e6))


@example(1e-5, 285161.0)  # its square is less than what a float at 1 can tell of so many degrees
@given(st.floats(0, 1e4), DEGREES)
def test_the_chance_beyond_t(t: float, df: float) -> None:
    assert t_beyond(t, df) == pytest.approx(2 * special.stdtr(df, -t), rel=1e-6, abs=1e-13)
    assert t_beyond(-t, df) == t_beyond(t, df)


@given(st.floats(0.01, 0.9999), DEGREES)
def test_the_quantile_of_t(share: float, df: float) -> None:
    assert t_quantile(share, df) == pytest.approx(special.stdtrit(df, (1 + share) / 2), rel=1e-6)


@given(st.floats(0.001, 0.999), st.one_of(st.integers(1, 50), st.floats(1, 1e4)))
def test_the_quantile_of_chi_squared(share: float, df: float) -> None:
    assert chi_squared_quantile(share, df) == pytest.approx(special.chdtri(df, 1 - share), rel=1e-6)


def test_the_ends() -> None:
    assert t_beyond(0, 3) == 1
    assert t_beyond(math.inf, 3) == 0
