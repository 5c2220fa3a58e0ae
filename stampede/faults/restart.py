"""Instances are deployed anew."""

from __future__ import annotations

from dataclasses import dataclass

from stampede.core.fault import Fault, Site
from stampede.core.ranges import Part


@dataclass
class Restart(Fault):
    """A share of the instances loses all that it holds in its process: flights, near cache, requests under way."""

    share: Part = 0.25

    async def strike(self, site: Site) -> None:
        count = min(site.instances(), max(1, round(site.instances() * self.share)))
        await site.restart(site.random.sample(range(site.instances()), count))
