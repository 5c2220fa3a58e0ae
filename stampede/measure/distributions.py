"""Student's t and chi-squared, from mpmath's beta and gamma functions.

SciPy, which the tests compare them with, would be half of all that is installed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

PRECISION = 1e-9


def t_beyond(t: float, df: float) -> float:
    """The chance that Student's t with `df` degrees of freedom is farther from 0 than `t`."""
    from mpmath import mp  # here, because its import takes longer than most commands

    return float(mp.betainc(df / 2, 0.5, 0, 1 / (1 + t * t / df), regularized=True))


@cache
def t_quantile(share: float, df: float) -> float:
    """The t within which `share` of Student's distribution lies, on both sides of 0."""
    return _inverse(lambda t: 1 - t_beyond(t, df), share)


@cache
def chi_squared_quantile(share: float, df: float) -> float:
    """The value below which `share` of the chi-squared distribution lies."""
    from mpmath import mp

    return _inverse(lambda x: float(mp.gammainc(df / 2, 0, x / 2, regularized=True)), share)


def _inverse(rising: Callable[[float], float], wanted: float) -> float:
    """Where a function that rises from 0 at 0 to 1 reaches a value: by halves, for steeper ways lose a steep one."""
    low, high = 0.0, 1.0
    while rising(high) < wanted:
        low, high = high, 2 * high
    while high - low > PRECISION * high:
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < wanted else (low, middle)
    return high
