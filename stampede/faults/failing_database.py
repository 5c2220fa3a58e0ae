"""The database answers errors for a while."""

from __future__ import annotations

from stampede.scenario.fault import Lasting, Target


class FailingDatabase(Lasting):
    """The database answers every load that ends within `lasting` with an error, after its usual latency.

    mechanism:  every load that ends within `lasting` is an error
    loads:      an error is not cached, so every expired key is tried again and again, by as many as the coalescing
                choice lets; fail-safe tries once per its `throttle` and serves the last known value
    ends:       after `lasting`
    source:     a database that is down, or refuses connections
    """

    holds = "the database's answers"

    async def strike(self, target: Target, begins: bool) -> None:
        await target.fail(begins)
