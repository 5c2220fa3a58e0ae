"""One flight per key inside a process, taken before the read."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from stampede.core.model import Answer, Entry, Role
from stampede.core.ports import Guards, Leases, Values
from stampede.core.tasks import Boarding
from stampede.protection.choices import Coalescing
from stampede.protection.fence import Fence
from stampede.protection.flight import SharedFlight
from stampede.protection.promise import Promise, Scope


@dataclass
class SingleFlight(Coalescing):
    """Callers of one process share one flight, and the read is part of it.

    mechanism:  the first caller's flight reads, and on a miss leaves a token in Redis, loads, and writes if the token
                is still there; the others wait for it. Processes that load at once do so under one token
    loads:      at most one per process and expiry
    waiting:    the rest of Δ; a burst of N on one key costs one read, not N. Who asks after an invalidation waits for
                the load of before it, if its process has not heard of it, and then for one that began later
    staleness:  as the freshness choice says; an invalidation during a load removes the token, so what it has
                overtaken is written by no process, and answered to nobody who asks later
    on failure: the error reaches all waiters once; cancelling any caller harms no other
    source:     golang.org/x/sync/singleflight
    """

    promise = Promise(Scope.INSTANCE, "for the flight, which includes the read", fenced=True)
    needs = (Values, Guards, Leases)

    _fence: Fence = field(init=False)
    _flight: SharedFlight = field(init=False)

    def __post_init__(self) -> None:
        self._fence = Fence(self.cache)
        self._flight = SharedFlight(self.cache.tasks, self._fly, self._fence.reload, self.serve)

    def get(self, key: str) -> Coroutine[Any, Any, Answer]:
        return self._flight.get(key)  # the flight's own coroutine: one around it would cost every waiter a frame

    async def _fly(self, key: str, boarding: Boarding) -> Answer:
        entry = await self.cache.store.get(key, sent=boarding.asking)
        boarding.confirmed()
        if entry is not None and self.cache.usable(entry):
            return Answer(entry, Role.HIT)
        if (reloaded := await self._flight.reloaded(key, boarding)) is not None:
            return Answer(reloaded, Role.WAITER)
        entry, token = await self._fence.look(key, boarding)
        if entry is not None:
            return Answer(entry, Role.HIT)
        return Answer(await self._fence.load(key, token, boarding), Role.LEADER)

    async def reload(self, key: str, old: Entry) -> Answer | None:
        return await self._flight.reload(key, old)

    async def invalidate(self, key: str) -> None:
        self._flight.forget(key)
        await super().invalidate(key)
