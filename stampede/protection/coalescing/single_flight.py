"""One flight per key inside a process, taken before the read."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from stampede.core.model import Answer, Role
from stampede.core.ports import Values
from stampede.core.tasks import Boarding
from stampede.protection.choices import Coalescing
from stampede.protection.flight import SharedFlight
from stampede.protection.promise import Promise, Scope


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

    promise = Promise(Scope.INSTANCE, "for the flight, which includes the read", fenced=False)
    needs = (Values,)

    _flight: SharedFlight = field(init=False)

    def __post_init__(self) -> None:
        self._flight = SharedFlight(self.cache.tasks, self._fly, self._renew, self.serve)

    def get(self, key: str) -> Coroutine[Any, Any, Answer]:
        return self._flight.get(key)  # the flight's own coroutine: one around it would cost every waiter a frame

    async def _fly(self, key: str, boarding: Boarding) -> Answer:
        entry = await self.cache.store.get(key, sent=boarding.asking)
        boarding.confirmed()
        if entry is not None and self.cache.usable(entry):
            return Answer(entry, Role.HIT)
        return await self._load(key, boarding)

    async def _load(self, key: str, boarding: Boarding) -> Answer:
        boarding.loading()
        return Answer(await self.cache.load_and_put(key), Role.LEADER)

    async def _renew(self, key: str) -> Answer:
        return await self._load(key, Boarding())

    async def reload(self, key: str) -> Answer | None:
        return await self._flight.reload(key)

    async def invalidate(self, key: str) -> None:
        self._flight.forget(key)
        await super().invalidate(key)
