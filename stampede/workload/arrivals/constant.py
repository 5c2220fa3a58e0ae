"""Requests at even intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random

from stampede.core.ranges import Positive
from stampede.core.units import Duration
from stampede.workload.laws import Arrivals, Share


class Constant(Arrivals):
    """Requests at even intervals: `rate` a second over all instances, for `duration` (open loop).

    mechanism:  request n is meant for n / rate after the release, whatever the answers take; instances take turns
    loads:      without coalescing rate × Δ per expiry of a key, exactly
    source:     a metronome: for figures that are to repeat
    """

    rate: Positive
    duration: Duration

    def length(self) -> float:
        return self.duration

    def total(self, concurrency: int) -> int:
        return math.floor(self.rate * self.duration)

    def offsets(self, concurrency: int, share: Share, random: Random) -> Iterator[float]:
        number = share.instance
        while (at := (number + 1) / self.rate) <= self.duration:
            yield at
            number += share.instances
