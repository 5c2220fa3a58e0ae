"""Chances: how likely trials so far apart are, if nothing differs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SIGNIFICANT = 0.025
MANY = 200


def p_of_signed_ranks(logs: Floats) -> float:
    """Wilcoxon's signed-rank test of (n,) differences, exact, also where some are alike; those of 0 say nothing.

    Two copies of a strategy in random order differ upward as often as downward, whatever the distribution: so the
    test keeps its promise for stalls, for coins, and for any number of trials. For MANY, the normal law is as good.
    """
    logs = logs[logs != 0]
    _, place, alike = np.unique(np.abs(logs), return_inverse=True, return_counts=True)
    ranks = (2 * np.cumsum(alike) - alike + 1)[place]  # twice the middle rank, a whole number
    up = int(ranks[logs > 0].sum())
    if len(ranks) > MANY:
        beyond = abs(up - ranks.sum() / 2) / math.sqrt(float(np.square(ranks).sum()) / 4)
        return 2 * (1 - NormalDist().cdf(beyond))
    chances = np.zeros(int(ranks.sum()) + 1)
    chances[0] = 1.0
    for rank in ranks:
        chances[rank:] += chances[:-rank].copy()  # as many ways to each sum without this rank as with it
        chances /= 2
    return float(min(1.0, 2 * min(chances[: up + 1].sum(), chances[up:].sum())))


def p_of_groups(old: Floats, new: Floats) -> float:
    """The chance that all of (n,) values are on one side of all of (m,) by mere shuffling; 1 if they are not."""
    apart = old.max() < new.min() or new.max() < old.min()
    return 2 / math.comb(len(old) + len(new), len(old)) if apart else 1.0


def p_of_discordant(one: int, other: int) -> float:
    """McNemar's exact test: of pairs of which just one side is bad, how unlikely so uneven a division is."""
    n = one + other
    ways = sum(math.comb(n, k) for k in range(min(one, other) + 1))
    return min(1.0, 2 * ways / float(2**n))


def p_of_shares(bad: tuple[int, int], trials: tuple[int, int]) -> float:
    """Fisher's exact test: how unlikely it is that the bad trials fall on two groups so unevenly."""
    total, both = sum(bad), math.comb(sum(trials), sum(bad))
    ways = [math.comb(trials[0], k) * math.comb(trials[1], total - k) for k in range(total + 1)]
    return sum(way for way in ways if way <= ways[bad[0]]) / both


def holm(ps: Sequence[float]) -> list[float]:
    """Each p-value adjusted for all of them (Holm 1979): below SIGNIFICANT it holds in the family."""
    adjusted, floor = [0.0] * len(ps), 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        floor = max(floor, min(1.0, (len(ps) - rank) * ps[index]))
        adjusted[index] = floor
    return adjusted
