"""Callers that wait for their answer before they ask again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import repeat
from random import Random

from stampede.core.units import Duration
from stampede.workload.laws import Arrivals, Share

FASTEST_S = 0.001


class Closed(Arrivals):
    """Callers that ask, wait for the answer, think, and ask again, for `duration` (closed loop).

    mechanism:  `concurrency` callers over all instances; the times to think are exponential, `think` on average
    loads:      at most one per caller at a time, so a slow database slows its own callers down; latency is counted
                from the question, for nobody asks while waiting
    source:     workers, connection pools, batch jobs; Schroeder et al., "Open Versus Closed", NSDI 2006
    """

    duration: Duration
    think: Duration = Duration(0.1)

    needs_concurrency = True
    paced = False

    def length(self) -> float:
        return self.duration

    def total(self, concurrency: int) -> int:
        return math.ceil(concurrency * self.duration / max(self.think, FASTEST_S))

    def offsets(self, concurrency: int, share: Share, random: Random) -> Iterator[float]:
        return repeat(0.0, share.of(concurrency))

    def again(self, random: Random) -> float | None:
        return random.expovariate(1 / self.think)
