"""A part of the cache is lost."""

from __future__ import annotations

from dataclasses import dataclass

from stampede.core.fault import Fault, Site
from stampede.core.ranges import Part


@dataclass
class Evict(Fault):
    """A share of the keys, chosen at random, is removed from the cache at once."""

    share: Part = 0.25

    async def strike(self, site: Site) -> None:
        count = min(site.keys(), max(1, round(site.keys() * self.share)))
        await site.remove(site.random.sample(range(site.keys()), count))
