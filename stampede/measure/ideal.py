"""How many loads would do: a property of the workload and the events, the same for every strategy.

Per key, the fewest lifetimes that cover all requests. A lifetime begins with a request that finds nothing; it lasts
for one load, which whoever asks meanwhile can wait for, and the time to live. A flush, an eviction or an invalidation
ends it.

    covered = [t, t + Δ + T), t the first request that is not covered yet, or up to the first break after t

Δ is the (median) load time of the scenario's database, and nothing for a user's own; T is the time to live. A refresh
that nobody needed costs more than the ideal, and a stale answer may cost less.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stampede.measure.requests import Requests
from stampede.scenario.model import CacheSetup

Break = tuple[float, int]
"""Seconds after the release, and the number of the key that was removed or invalidated then."""


def ideal_loads(cache: CacheSetup, load_s: float, requests: Requests, breaks: Sequence[Break]) -> int:
    """Loads that would do for these requests; values that the cache has at the start (warm) need none."""
    covered = float(cache.ttl) if cache.start == "warm" else -np.inf
    ends: dict[int, list[float]] = {}
    for at, key in sorted(breaks):
        ends.setdefault(key, []).append(at)
    return sum(
        _lifetimes(times, np.array(ends.get(key, ())), load_s + cache.ttl, covered)
        for key, times in _by_key(requests)
    )


def _by_key(requests: Requests) -> list[tuple[int, NDArray[np.float64]]]:
    """Each key with its requests' intended moments, in order."""
    if not len(requests):
        return []
    order = np.lexsort((requests.intended, requests.key))
    keys, first = np.unique(requests.key[order], return_index=True)
    return list(zip(keys.tolist(), np.split(requests.intended[order], first[1:]), strict=True))


def _lifetimes(times: NDArray[np.float64], breaks: NDArray[np.float64], lifetime: float, covered: float) -> int:
    """The fewest lifetimes that cover all `times`; up to `covered` they are already."""
    count, end = 0, _cut(-np.inf, covered, breaks)
    while (place := int(np.searchsorted(times, end))) < len(times):
        begin = float(times[place])
        end = _cut(begin, begin + lifetime, breaks)
        count += 1
    return count


def _cut(begin: float, end: float, breaks: NDArray[np.float64]) -> float:
    """The end of a lifetime: its own, or the first break in it."""
    place = int(np.searchsorted(breaks, begin, side="right"))
    return min(end, float(breaks[place])) if place < len(breaks) else end
