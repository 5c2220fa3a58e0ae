"""A lock in Redis; whoever does not get it polls."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from stampede.core.errors import LoadError
from stampede.core.model import Answer, Entry, Look, Notify, Role
from stampede.core.ports import Guards, Values
from stampede.core.tasks import Boarding
from stampede.core.units import Duration
from stampede.protection.choices import Coalescing
from stampede.protection.guard import Guard
from stampede.protection.promise import Promise, Scope


@dataclass
class RedisLock(Coalescing):
    """A distributed lock whose waiters poll: SET NX PX with a token, compare-and-delete.

    mechanism:  every caller reads value and lock, and on a miss tries the lock; the winner reads again, loads, fills
                and unlocks in one step; the others poll both, with a jittered back-off from `poll` to `poll-max`
    loads:      1 in the fleet per expiry; the lease is renewed while the load runs, by the process's event loop; a
                lock that is evicted, deleted, or lost by a loop that is blocked or behind for the length of a lease
                costs a second load, which who polls begins at once
    waiting:    Δ and up to one poll; polls cost the more commands the longer the load takes
    staleness:  as the freshness choice says
    on failure: a dead holder stalls the key for one lease; an error reaches those who polled for it, through a
                note in place of the lock that lives for two polls, so that they do not retry one by one; likewise
                a note that Redis refuses the value, so that every waiting process loads once; where Redis refuses the
                note too (out of memory, read-only), who polls gets its error, as does everybody else who comes
    source:     Redis documentation, "Distributed Locks with Redis"
    """

    promise = Promise(Scope.FLEET, "polling, with a jittered back-off", fenced=True, hands_over=False)
    needs = (Values, Guards)

    lease: Duration = Duration(2.0)
    poll: Duration = Duration(0.02)
    poll_max: Duration = Duration(0.1)
    _guard: Guard = field(init=False)

    def __post_init__(self) -> None:
        self._guard = Guard(self.cache, self.lease, Notify.NOTHING, keep=2 * self.poll_max)

    async def get(self, key: str) -> Answer:
        # The read tells what note is there already, so that a failure from now on is known to be this caller's too.
        look = await self.cache.store.look(key)
        return await self.serve(key, look.entry) or await self._load(key, look)

    async def _load(self, key: str, look: Look) -> Answer:
        token = self.cache.token()
        while True:
            with self._guard.giving_back(key, token):
                holder = await self.cache.store.add(key, token, self.lease, over=look.note or "")
            if holder == token:
                return await asyncio.shield(self.cache.tasks.spawn(self._lead(key, token)))
            look = await self._poll(key, holder)
            if look.entry is not None:
                return Answer(look.entry, Role.WAITER)
            if look.unshared and look.holder == holder:
                return await self._guard.alone(key, holder, Boarding())

    async def _lead(self, key: str, token: str) -> Answer:
        # Read again: the value may have been filled between this caller's miss and its lock.
        if (entry := await self._guard.usable_or_drop(key, token)) is not None:
            return Answer(entry, Role.WAITER)
        return Answer(await self._guard.load(key, token, Boarding(), self._guard.keep), Role.LEADER)

    async def _poll(self, key: str, holder: str) -> Look:
        """Wait for what `holder` does: a usable value, or none (then the lock is free). Raises its LoadError."""
        pause = float(self.poll)
        while True:
            look = await self.cache.store.look(key)
            if self.cache.usable(look.entry):
                return look
            if look.failed is not None and look.holder == holder:
                raise LoadError(look.failed)
            if look.note is not None or look.holder != holder:
                return look._replace(entry=None)
            await asyncio.sleep(pause * self.cache.random.uniform(0.5, 1.0))
            pause = min(pause * 2, self.poll_max)

    async def reload(self, key: str, old: Entry) -> Answer | None:
        return await self._guard.reload(key, old)
