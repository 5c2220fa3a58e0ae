"""Requests at random, independent of each other."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from stampede.core.ranges import Positive
from stampede.core.units import Duration
from stampede.workload.laws import Arrivals, Share


class Poisson(Arrivals):
    """Requests at random: `rate` a second on average over all instances, for `duration` (open loop).

    mechanism:  the pauses are exponentially distributed, whatever the answers take; every instance has its share
    loads:      without coalescing rate × Δ per expiry of a key, on average
    source:     many users who know nothing of each other; the law that XFetch is derived for
    """

    rate: Positive
    duration: Duration

    def length(self) -> float:
        return self.duration

    def total(self, concurrency: int) -> int:
        return round(self.rate * self.duration)

    def offsets(self, concurrency: int, share: Share, random: Random) -> Iterator[float]:
        mine = self.rate / share.instances
        at = random.expovariate(mine)
        while at <= self.duration:
            yield at
            at += random.expovariate(mine)
