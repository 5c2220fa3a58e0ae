"""The cache is emptied."""

from __future__ import annotations

from stampede.scenario.fault import Fault, Target


class Flush(Fault):
    """The cache is emptied: every key of the trial is removed at once.

    mechanism:  the values and guards of all keys are removed from Redis, behind everybody's back
    loads:      every key is cold together: what the coalescing choice promises for a cold key, for all keys at once;
                a database that cannot serve them may stay overloaded by retries (metastable failure)
    ends:       at once; whether and when the hit rate comes back is what it shows
    source:     FLUSHALL by mistake, a failover to an empty replica; Bronson et al., "Metastable Failures", HotOS 2021
    """

    async def inject(self, target: Target) -> None:
        await target.remove(list(range(target.keys())))
