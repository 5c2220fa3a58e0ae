"""Instances are deployed anew."""

from __future__ import annotations

from stampede.core.ranges import Part
from stampede.scenario.fault import Fault, Target


class Restart(Fault):
    """A share of the instances loses all that it holds in its process: flights, near cache, requests under way.

    mechanism:  the requests under way in `share` of the instances end with an error, their loads are cancelled, and
                later requests meet a new protection
    loads:      values in Redis stay, so only what was being loaded is loaded again; a holder gives its lease back
    ends:       at once
    source:     a deploy, instance by instance
    """

    share: Part = 0.25

    async def inject(self, target: Target) -> None:
        count = min(target.instances(), max(1, round(target.instances() * self.share)))
        await target.restart(target.random.sample(range(target.instances()), count))
