"""Instances are deployed anew."""

from __future__ import annotations

from dataclasses import dataclass

from stampede.core.fault import Fault, Site
from stampede.core.ranges import Part


@dataclass
class Restart(Fault):
    """A share of the instances loses all that it holds in its process: flights, near cache, requests under way.

    mechanism:  the requests under way in `share` of the instances end with an error, their loads are cancelled, and
                later requests meet a new protection
    loads:      values in Redis stay, so only what was being loaded is loaded again; a holder gives its lease back
    ends:       at once
    source:     a deploy, instance by instance
    """

    share: Part = 0.25

    async def strike(self, site: Site) -> None:
        count = min(site.instances(), max(1, round(site.instances() * self.share)))
        await site.restart(site.random.sample(range(site.instances()), count))
