"""All requests at one instant."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from random import Random

from stampede.core.ranges import Count
from stampede.core.units import Duration
from stampede.workload.laws import Arrivals, Share


class Burst(Arrivals):
    """All callers at one instant, released together from a barrier; `times` bursts, one `every` so long.

    mechanism:  open loop: `concurrency` callers over all instances wait at a barrier until one shared instant
    loads:      without coalescing one per caller on a cold key; the arrival spread is measured, never assumed
    source:     the worst case: a start, a push notification, an expiry under heavy traffic
    """

    times: Count = 1
    every: Duration = Duration(1.0)

    needs_concurrency = True
    steady = False
    paced = False

    def length(self) -> float:
        return (self.times - 1) * self.every

    def total(self, concurrency: int) -> int:
        return self.times * concurrency

    def offsets(self, concurrency: int, share: Share, random: Random) -> Iterator[float]:
        for number in range(self.times):
            yield from repeat(number * self.every, share.of(concurrency))
