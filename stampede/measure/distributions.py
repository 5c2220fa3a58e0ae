"""Student's t and chi-squared, from mpmath's beta and gamma functions.

SciPy, which the tests compare them with, would be half of all that is installed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from statistics import NormalDist

PRECISION = 1e-9
LEAST = 1400
"""Minus twice the logarithm of what a float can just say; mpmath takes seconds for less."""

MACHINE_PRECISION_TO = 200
"""Degrees of freedom. With more, the functions at the machine's precision, quicker by ten times, overflow."""


def t_beyond(t: float, df: float) -> float:
    """The chance that Student's t with `df` degrees of freedom is farther from 0 than `t`."""
    from mpmath import fp, mp  # here, because its import takes longer than most commands

    if df * math.log1p(t * t / df) > LEAST:
        return 0.0
    context = fp if df < MACHINE_PRECISION_TO else mp
    if t * t < 1:  # then what the other side is asked for is so near to 1 that a float loses most of the difference
        return float(1 - context.betainc(0.5, df / 2, 0, t * t / (df + t * t), regularized=True))
    return float(context.betainc(df / 2, 0.5, 0, 1 / (1 + t * t / df), regularized=True))


@cache
def t_quantile(share: float, df: float) -> float:
    """The t within which `share` of Student's distribution lies, on both sides of 0.

    By Newton's method, from the normal distribution's: that is less, and from there all steps go up to it.
    """
    t, step = NormalDist().inv_cdf((1 + share) / 2), math.inf
    while step > PRECISION * t:
        step = (t_beyond(t, df) - (1 - share)) / _t_density(t, df)
        t += step
    return t


def _t_density(t: float, df: float) -> float:
    """Of the distance from 0."""
    height = 2 * math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)
    return float(height * (1 + t * t / df) ** (-(df + 1) / 2))


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
