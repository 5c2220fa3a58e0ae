"""Callers that wait for their answer before they ask again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from stampede.core.units import Duration
from stampede.core.workload import ClosedLoop

FASTEST_S = 0.001


@dataclass
class Closed(ClosedLoop):
    """Callers that ask, wait for the answer, think, and ask again, for `duration` (closed loop).

    The time to think is exponentially distributed around `think`.
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
