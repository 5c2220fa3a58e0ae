"""A part of the cache is lost."""

from __future__ import annotations

from dataclasses import dataclass

from stampede.core.fault import Fault, Site
from stampede.core.ranges import Part


@dataclass
class Evict(Fault):
    """A share of the keys, chosen at random, is removed from the cache at once.

    mechanism:  the values and guards of `share` of the keys are removed from Redis, behind everybody's back
    loads:      those keys are cold together: each costs what the coalescing choice promises for a cold key; stale
                and volunteered reloads have nothing left to serve meanwhile
    ends:       at once; the hit rate comes back as the keys are loaded
    source:     a node of the cache that is lost or resharded; maxmemory eviction
    """

    share: Part = 0.25

    async def strike(self, site: Site) -> None:
        count = min(site.keys(), max(1, round(site.keys() * self.share)))
        await site.remove(site.random.sample(range(site.keys()), count))
