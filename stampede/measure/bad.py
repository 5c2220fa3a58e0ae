"""Trials that went badly: rare catastrophes, which a trimmed mean leaves out."""

from __future__ import annotations

import numpy as np

from stampede.measure.significance import Floats, p_of_discordant, p_of_shares

BAD = 3.0


class Bad:
    """Which trials of two groups are bad: BAD times as slow as the median of all of them.

    The bound is that of both groups together, so that it does not know which is which, and the tests are exact.
    """

    def __init__(self, first: Floats, second: Floats) -> None:
        bound = BAD * float(np.median(np.concatenate([first, second])))
        self._first, self._second = first > bound, second > bound
        self.counts = (int(self._first.sum()), int(self._second.sum()))

    @property
    def columns(self) -> tuple[Floats, Floats]:
        """1 for each bad trial of either group, 0 for the others."""
        return self._first.astype(np.float64), self._second.astype(np.float64)

    def p_of_pairs(self) -> float:
        """The chance of so uneven pairs, if both are bad as often."""
        return p_of_discordant(int((self._first & ~self._second).sum()), int((self._second & ~self._first).sum()))

    def p_of_groups(self) -> float:
        """The chance of so uneven counts, if both are bad as often."""
        return p_of_shares(self.counts, (len(self._first), len(self._second)))


def worst(first: Floats, second: Floats) -> float | None:
    """Ratio of the highest values, nothing trimmed; None if there is none, or 0."""
    if not len(first) or not len(second) or not first.max():
        return None
    return float(second.max() / first.max())
