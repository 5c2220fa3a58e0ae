"""Callers that wait for their answer before they ask again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from stampede.core.units import Duration
from stampede.workload.laws import ClosedLoop

FASTEST_S = 0.001


@dataclass
class Closed(ClosedLoop):
    """Callers that ask, wait for the answer, think, and ask again, for `duration` (closed loop).

    mechanism:  `concurrency` callers over all instances; the times to think are exponential, `think` on average
    loads:      at most one per caller at a time, so a slow database slows its own callers down; latency is counted
                from the question, for nobody asks while waiting
    source:     workers, connection pools, batch jobs; Schroeder et al., "Open Versus Closed", NSDI 2006
    """

    duration: Duration
    think: Duration = Duration(0.1)

    needs_concurrency = True

    def length(self) -> float:
        return self.duration

    def total(self, concurrency: int) -> int:
        return math.ceil(concurrency * self.duration / max(self.think, FASTEST_S))

    def pause(self, random: Random) -> float:
        """Seconds between an answer and the next request."""
        return random.expovariate(1 / self.think)
