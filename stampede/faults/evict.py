"""A part of the cache is lost."""

from __future__ import annotations

from stampede.core.ranges import Part
from stampede.scenario.fault import Fault, Target


class Evict(Fault):
    """A share of the keys, chosen at random, is removed from the cache at once.

    mechanism:  the values and guards of `share` of the keys are removed from Redis, behind everybody's back
    loads:      those keys are cold together: each costs what the coalescing choice promises for a cold key; stale
                and volunteered reloads have nothing left to serve meanwhile
    ends:       at once; the hit rate comes back as the keys are loaded
    source:     a node of the cache that is lost or resharded; maxmemory eviction
    """

    share: Part = 0.25

    async def inject(self, target: Target) -> None:
        count = min(target.keys(), max(1, round(target.keys() * self.share)))
        await target.remove(target.random.sample(range(target.keys()), count))
