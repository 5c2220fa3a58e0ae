"""The database answers errors for a while."""

from __future__ import annotations

import asyncio

from stampede.core.units import Duration
from stampede.scenario.fault import Fault, Target


class FailingDatabase(Fault):
    """The database answers every load that ends within `lasting` with an error, after its usual latency.

    mechanism:  every load that ends within `lasting` is an error
    loads:      an error is not cached, so every expired key is tried again and again, by as many as the coalescing
                choice lets; fail-safe tries once per its `throttle` and serves the last known value
    ends:       after `lasting`
    source:     a database that is down, or refuses connections
    """

    lasting: Duration

    def lasts(self) -> float:
        return self.lasting

    async def inject(self, target: Target) -> None:
        await target.fail(True)
        await asyncio.sleep(self.lasting)
        await target.fail(False)
