"""One flight per process, then one lease among processes, and the result is pushed."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from stampede.core.errors import StoreError
from stampede.core.model import Answer, Entry, Role
from stampede.core.tasks import Boarding
from stampede.core.units import Duration
from stampede.protection.choices import Coalescing
from stampede.protection.coalescing.lease import Lease
from stampede.protection.flight import SharedFlight
from stampede.protection.promise import Promise, Scope, WithoutStore


@dataclass
class TwoLevel(Coalescing):
    """Callers of one process share a flight; the flights of all processes share a lease.

    mechanism:  a flight reads; on a miss one step in Redis answers with the lease, or with "wait"; the leaseholder
                loads, and its fill pushes the value itself to the waiting processes
    loads:      1 in the fleet per expiry; the lease is renewed while the load runs, by the process's event loop: one
                that is blocked, or behind, for the length of a lease loses it, and another process loads
    waiting:    Δ and one push: no poll, no herd after the wake-up, no second read; the commands of a cold burst grow
                with the instances only, whatever the load takes
    staleness:  as the freshness choice says; an invalidation during a load wins over it: the load cannot publish any
                more, and who asks after it gets nothing older, in every process, also in one that was busy or hears
                nothing: a flight answers those who join it late only if the store has confirmed its value since
    on failure: a dead holder is followed within one lease, and so is a lost push; the leader's error is pushed to the
                waiters of all processes, once; a fill without the lease (too late, or the lease was evicted) is
                fenced off, yet its value is pushed to those who wait for it; as is one that Redis refuses, and where
                even that is refused, every waiting process loads once; without Redis each process still collapses
                its calls, gives its load to all who have asked by its end and heard of no invalidation, and counts
                that as `degraded`
    source:     FusionCache 2.5 (two levels), Nishtala et al., NSDI 2013 (the lease); the push is our own
    """

    promise = Promise(
        Scope.FLEET,
        "one flight per process waits for the *pushed* value, the callers for their flight",
        fenced=True,
        without_store=WithoutStore.COLLAPSED,
    )
    needs = Lease.needs

    lease: Duration = Duration(2.0)
    _among_processes: Lease = field(init=False)
    _flight: SharedFlight = field(init=False)

    def __post_init__(self) -> None:
        self._among_processes = Lease(self.cache, self.lease)
        self._flight = SharedFlight(self.cache.tasks, self._fly, self._renew, self.serve)
        self.cache.store.on_invalidated(self._flight.forget)

    def get(self, key: str) -> Coroutine[Any, Any, Answer]:
        return self._flight.get(key)  # the flight's own coroutine: one around it would cost every waiter a frame

    async def _fly(self, key: str, boarding: Boarding) -> Answer:
        try:
            return await self._among_processes.read_or_load(key, boarding)
        except StoreError:
            return await self._alone(key, boarding)

    async def _alone(self, key: str, boarding: Boarding) -> Answer:
        """Without Redis: one load per process."""
        boarding.loading()
        self.cache.counters.degraded += 1
        entry = await self.cache.load(key)
        boarding.without_store()
        return Answer(entry, Role.LEADER)

    async def _renew(self, key: str, old: Entry, boarding: Boarding) -> Answer | None:
        return await self._among_processes.reload(key, old)  # who misses meanwhile asks Redis, which names its holder

    async def reload(self, key: str, old: Entry) -> Answer | None:
        return await self._flight.reload(key, old)

    async def invalidate(self, key: str) -> None:
        self._flight.forget(key)
        await super().invalidate(key)
