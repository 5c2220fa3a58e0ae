"""The database becomes slower for a while."""

from __future__ import annotations

import asyncio

from stampede.core.units import Duration
from stampede.origins.latency import Latency
from stampede.scenario.fault import Fault, Target


class SlowDatabase(Fault):
    """The database takes `latency` for loads that begin within `lasting`.

    mechanism:  loads that begin within `lasting` take `latency` in place of the scenario's
    loads:      the slower a load, the more callers meet a missing value: without coalescing, loads grow with it
    ends:       after `lasting`, and when what was queued by then is done
    source:     a missing index, a backup, a neighbour; timeouts and swr are the cures
    """

    latency: Latency
    lasting: Duration

    def lasts(self) -> float:
        return self.lasting

    async def inject(self, target: Target) -> None:
        await target.slow(self.latency)
        await asyncio.sleep(self.lasting)
        await target.slow(None)
