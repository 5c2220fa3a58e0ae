"""One promise per key inside a process, looked for after the read."""

from __future__ import annotations

from dataclasses import dataclass, field

from stampede.core.model import Answer, Entry, Role
from stampede.core.ports import Guards, Leases, Values
from stampede.core.tasks import Boarding, Flights
from stampede.protection.choices import Coalescing
from stampede.protection.fence import Fence
from stampede.protection.promise import Promise, Scope


@dataclass
class PromiseLock(Coalescing):
    """The classic promise lock: read, miss, then wait for the promise of whoever loads.

    mechanism:  every caller reads; on a miss it joins the promise of its process, or makes it, leaves a token in
                Redis, loads, and writes if the token is still there
    loads:      at most one per process and expiry
    waiting:    the rest of Δ; N reads reach Redis first, which is what single-flight avoids
    staleness:  as the freshness choice says; an invalidation during a load removes the token, so what it has
                overtaken is written by no process, and answered to nobody who asks later
    on failure: the error reaches all waiters once and the promise is gone; cancelling any caller harms no other
    source:     Instagram, "Thundering Herds & Promises"; the form that articles print, without its bugs
                (an error that never unlocks, falsy values that never hit, a second read that finds nothing)
    """

    promise = Promise(Scope.INSTANCE, "for the promise of whoever loads, after a read of their own", fenced=True)
    needs = (Values, Guards, Leases)

    _fence: Fence = field(init=False)
    flights: Flights[Answer] = field(init=False)

    def __post_init__(self) -> None:
        self._fence = Fence(self.cache)
        self.flights = Flights(self.cache.tasks)

    async def load(self, key: str) -> Answer:
        while True:
            flight = self.flights.current(key)
            first = flight is None
            answer, timely = await (flight or self.flights.start(key, self._fly)).join()
            if timely and answer is not None:
                return answer if first else Answer(answer.entry, Role.WAITER)

    async def _fly(self, key: str, boarding: Boarding) -> Answer:
        # Read again: the flight before this one may have landed between the caller's miss and now.
        entry, token = await self._fence.look(key, boarding)
        if entry is not None:
            return Answer(entry, Role.WAITER)
        return Answer(await self._fence.load(key, token, boarding), Role.LEADER)

    async def reload(self, key: str, old: Entry) -> Answer | None:
        if self.flights.current(key) is not None:
            return None
        reload = self.flights.start(key, lambda key, boarding: self._fence.reload(key, old, boarding))
        return (await reload.join()).result

    async def invalidate(self, key: str) -> None:
        self.flights.forget(key)
        await super().invalidate(key)
