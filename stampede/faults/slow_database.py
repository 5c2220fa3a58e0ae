"""The database becomes slower for a while."""

from __future__ import annotations

from stampede.origins.latency import Latency
from stampede.scenario.fault import Lasting, Target


class SlowDatabase(Lasting):
    """The database takes `latency` for loads that begin within `lasting`.

    mechanism:  loads that begin within `lasting` take `latency` in place of the scenario's
    loads:      the slower a load, the more callers meet a missing value: without coalescing, loads grow with it
    ends:       after `lasting`, and when what was queued by then is done
    source:     a missing index, a backup, a neighbour; timeouts and swr are the cures
    """

    holds = "the database's latency"

    latency: Latency

    async def strike(self, target: Target, begins: bool) -> None:
        await target.slow(self.latency if begins else None)
