"""One flight per process, then one lease among processes, and the result is pushed."""

from __future__ import annotations

from dataclasses import dataclass, field

from stampede.core.errors import StoreError
from stampede.core.model import Answer, Role
from stampede.core.units import Duration
from stampede.protection.coalescing.lease import Lease
from stampede.protection.coalescing.single_flight import SingleFlight


@dataclass
class TwoLevel(SingleFlight):
    """Callers of one process share a flight; the flights of all processes share a lease.

    mechanism:  a flight's one step in Redis answers with the value, with the lease, or with "wait"; the
                leaseholder loads, and its fill pushes the value itself to the waiting processes
    loads:      1 in the fleet per expiry; the lease is renewed while the load runs
    waiting:    Δ and one push: no poll, no herd after the wake-up, no second read; the commands of a cold burst grow
                with the instances only, whatever the load takes
    staleness:  as the freshness choice says; an invalidation during a load wins over it: the load cannot publish any
                more, and who asks after it starts a new flight, in every process
    on failure: a dead holder is followed within one lease, and so is a lost push; the leader's error is pushed to the
                waiters of all processes, once; a late fill is fenced off, yet its callers are answered; without
                Redis each process still collapses its calls, answers, and counts them as `degraded`
    source:     FusionCache 2.5 (two levels), Nishtala et al., NSDI 2013 (the lease); the push is our own
    """

    lease: Duration = Duration(2.0)
    _leases: Lease = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._leases = Lease(self.cache, self.lease)
        self.cache.store.on_invalidated(self.flights.forget)

    async def fly(self, key: str) -> Answer:
        try:
            return await self._leases.load(key)
        except StoreError:
            return await self._alone(key)

    async def _alone(self, key: str) -> Answer:
        """Without Redis: one load per process."""
        self.cache.counters.degraded += 1
        return Answer(await self.cache.load(key), Role.LEADER)

    async def renew(self, key: str) -> Answer | None:
        return await self._leases.reload(key)
