"""One flight per process, then one lease among processes, and the result is pushed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from stampede.core.errors import LoadError
from stampede.core.model import Answer, Role, Tell
from stampede.core.protection import Coalescing, Verdict
from stampede.core.tasks import Flights
from stampede.core.units import Duration


@dataclass
class TwoLevel(Coalescing):
    """Callers of one process share a flight; the flights of all processes share a lease.

    mechanism:  a flight's one step in Redis answers with the value, with the lease, or with "wait"; the
                leaseholder loads, and its fill pushes the value itself to the waiting processes
    loads:      1 in the fleet per expiry; the lease is renewed while the load runs
    waiting:    Δ and one push: no poll, no second read; commands per cold burst grow with the instances only
    staleness:  as the freshness choice says
    on failure: a dead holder is followed within one lease, and so is a lost push; the leader's error is pushed
                to the waiters of all processes, once; a late fill is fenced off, yet its callers are answered
    source:     FusionCache 2.5 (two levels), Nishtala et al., NSDI 2013 (the lease); the push is our own
    """

    lease: Duration = Duration(2.0)
    flights: Flights[Answer] = field(init=False)

    def __post_init__(self) -> None:
        self.flights = Flights(self.cache.tasks)

    async def get(self, key: str) -> Answer:
        flight = self.flights.current(key)
        if flight is None:
            return await self.flights.start(key, self.load(key)).join()
        answer = await flight.join()
        return Answer(answer.entry, Role.WAITER) if answer.role is Role.LEADER else answer

    async def load(self, key: str) -> Answer:
        store, token = self.cache.store, self.cache.token()
        role = Role.HIT
        while True:
            # Watch before asking: a fill between the answer and the watch would go unheard.
            news = store.watch(key)
            lease = await store.lease(key, token, self.lease)
            if lease.entry is not None and self.cache.judge(lease.entry) is Verdict.FRESH:
                return Answer(lease.entry, role)
            if lease.holder == token:
                entry = await self.cache.load_under_lease(key, token, self.lease, Tell.PUSH, keep=0)
                return Answer(entry, Role.LEADER)
            role = Role.WAITER
            await asyncio.wait([news], timeout=lease.remaining)
            if news.done():
                filled = news.result()
                if filled.error is not None:
                    raise LoadError(filled.error)
                if filled.entry is not None:
                    return Answer(filled.entry, role)
