"""Requests at random, independent of each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from stampede.core.ranges import Positive
from stampede.core.units import Duration
from stampede.core.workload import OpenLoop, Share


@dataclass
class Poisson(OpenLoop):
    """Requests at random: `rate` a second on average over all instances, for `duration` (open loop)."""

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
