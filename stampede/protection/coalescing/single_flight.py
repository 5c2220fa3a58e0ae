"""One flight per key inside a process, taken before the read."""

from __future__ import annotations

from dataclasses import dataclass, field

from stampede.core.model import Answer, Role
from stampede.core.tasks import Flights
from stampede.protection.base import Coalescing


@dataclass
class SingleFlight(Coalescing):
    """Callers of one process share one flight, and the read is part of it.

    mechanism:  the first caller's flight reads, and on a miss loads and writes; the others wait for it
    loads:      at most one per process and expiry
    waiting:    the rest of Δ; a burst of N on one key costs one read, not N
    staleness:  as the freshness choice says
    on failure: the error reaches all waiters once; cancelling any caller harms no other
    source:     golang.org/x/sync/singleflight
    """

    flights: Flights[Answer] = field(init=False)
    reloads: Flights[Answer | None] = field(init=False)

    def __post_init__(self) -> None:
        self.flights = Flights(self.cache.tasks)
        self.reloads = Flights(self.cache.tasks)

    async def get(self, key: str) -> Answer:
        flight = self.flights.current(key)
        if flight is not None:
            answer = await flight.join()
            return Answer(answer.entry, Role.WAITER) if answer.role is Role.LEADER else answer
        answer = await self.flights.start(key, self.fly(key)).join()
        if answer.role is not Role.HIT:
            return answer
        # Freshness asks the flight's first caller only; the others are served what was read.
        return await self.serve(key, answer.entry) or answer

    async def fly(self, key: str) -> Answer:
        """What the first caller does for all."""
        entry = await self.cache.store.get(key)
        if entry is not None and self.cache.usable(entry):
            return Answer(entry, Role.HIT)
        return await self.load(key)

    async def load(self, key: str) -> Answer:
        return Answer(await self.cache.load_and_put(key), Role.LEADER)

    async def reload(self, key: str) -> Answer | None:
        if self.reloads.current(key) is not None:
            return None
        return await self.reloads.start(key, self.renew(key)).join()

    async def renew(self, key: str) -> Answer | None:
        """What the process's one reload does."""
        return await self.load(key)

    async def invalidate(self, key: str) -> None:
        self.flights.forget(key)
        await super().invalidate(key)
