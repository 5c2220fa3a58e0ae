"""All requests at one instant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from random import Random

from stampede.core.workload import Arrivals, Share


@dataclass
class Burst(Arrivals):
    """All requests at one instant, released together from a barrier."""

    def offsets(self, concurrency: int, share: Share, random: Random) -> Iterator[float]:
        return repeat(0.0, share.of(concurrency))
