"""Student's t and chi-squared by continued fractions: SciPy, which the tests compare them with, was half of what was
installed.

The incomplete beta and gamma functions are those of Press et al., "Numerical Recipes", 6.2 and 6.4, with fractions by
Lentz's method.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache

TERMS = 20_000
"""The fraction of Student's t with d degrees of freedom needs some √d."""

EPSILON = 1e-15
TINY = 1e-300
HALVINGS = 200


def t_beyond(t: float, df: float) -> float:
    """The chance that Student's t with `df` degrees of freedom is farther from 0 than `t`."""
    return _beta(df / 2, 0.5, df / (df + t * t))


@cache
def t_quantile(share: float, df: float) -> float:
    """The t within which `share` of Student's distribution lies, on both sides of 0."""
    return _inverse(lambda t: 1 - t_beyond(t, df), share)


def chi_squared_quantile(share: float, df: float) -> float:
    """The value below which `share` of the chi-squared distribution lies."""
    return _inverse(lambda x: _gamma(df / 2, x / 2), share)


def _inverse(rising: Callable[[float], float], wanted: float) -> float:
    """Where a function that rises from 0 at 0 to 1 reaches a value."""
    low, high = 0.0, 1.0
    while rising(high) < wanted:
        low, high = high, 2 * high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if rising(middle) < wanted else (low, middle)
    return high


def _beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x > (a + 1) / (a + b + 2):  # where the other's fraction converges sooner
        return 1 - _beta(b, a, 1 - x)
    if x <= 0:
        return 0.0
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) / a / _fraction(1.0, ((term, 1.0) for term in _beta_terms(a, b, x)))


def _beta_terms(a: float, b: float, x: float) -> Iterator[float]:
    for m in range(TERMS):
        yield -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        yield (m + 1) * (b - m - 1) * x / ((a + 2 * m + 1) * (a + 2 * m + 2))


def _gamma(a: float, x: float) -> float:
    """The regularised lower incomplete gamma function P(a, x)."""
    if x <= 0:
        return 0.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        for n in range(1, TERMS):
            term *= x / (a + n)
            total += term
            if term < total * EPSILON:
                break
        return front * total
    return 1 - front / _fraction(x + 1 - a, ((-n * (n - a), x + 2 * n + 1 - a) for n in range(1, TERMS)))


def _fraction(first: float, terms: Iterator[tuple[float, float]]) -> float:
    """b₀ + a₁/(b₁ + a₂/(b₂ + …)) with b₀ first and the terms (a, b) of the rest."""
    value = over = first or TINY
    under = 0.0
    for a, b in terms:
        under = 1 / (b + a * under or TINY)
        over = b + a / over or TINY
        change = over * under
        value *= change
        if abs(change - 1) < EPSILON:
            break
    return value
