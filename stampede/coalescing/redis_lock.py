"""A lock in Redis; whoever does not get it polls."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from stampede.core.errors import LoadError
from stampede.core.model import Answer, Role, Tell
from stampede.core.protection import Coalescing
from stampede.core.units import Duration


@dataclass
class RedisLock(Coalescing):
    """A distributed lock whose waiters poll: SET NX PX with a token, compare-and-delete.

    mechanism:  on a miss every caller tries the lock; the winner reads again, loads, fills and unlocks in one
                step; the others poll value and lock, with a jittered back-off from `poll` to `poll-max`
    loads:      1 in the fleet per expiry; the lease is renewed while the load runs
    waiting:    Δ and up to one poll; polls cost the more commands the longer the load takes
    staleness:  as the freshness choice says
    on failure: a dead holder stalls the key for one lease; an error reaches those who polled for it, through a
                note in place of the lock that lives for two polls, so that they do not retry one by one
    source:     Redis documentation, "Distributed Locks with Redis"
    """

    lease: Duration = Duration(2.0)
    poll: Duration = Duration(0.02)
    poll_max: Duration = Duration(0.1)

    async def load(self, key: str) -> Answer:
        store, token = self.cache.store, self.cache.token()
        while True:
            with self.giving_back(key, token):
                holder = await store.add(key, token, self.lease)
            if holder == token:
                return await asyncio.shield(self.cache.tasks.spawn(self._lead(key, token)))
            answer = await self._poll(key, holder)
            if answer is not None:
                return answer

    async def _lead(self, key: str, token: str) -> Answer:
        # Read again: the value may have been filled between this caller's miss and its lock.
        entry = await self.cache.store.get(key)
        if entry is not None and self.cache.usable(entry):
            await self.cache.quietly(self.cache.store.drop(key, token))
            return Answer(entry, Role.WAITER)
        keep = 2 * self.poll_max
        entry = await self.cache.load_under_lease(key, token, self.lease, Tell.NOTHING, keep)
        return Answer(entry, Role.LEADER)

    async def _poll(self, key: str, holder: str) -> Answer | None:
        """Wait for what `holder` does. None: the lock is free without a value, so try for it again."""
        pause = float(self.poll)
        while True:
            await asyncio.sleep(pause * self.cache.random.uniform(0.5, 1.0))
            look = await self.cache.store.look(key)
            if look.entry is not None and self.cache.usable(look.entry):
                return Answer(look.entry, Role.WAITER)
            if look.failed is not None:
                if look.holder == holder:
                    raise LoadError(look.failed)
                return None
            if look.holder != holder:
                return None
            pause = min(pause * 2, self.poll_max)

    async def reload(self, key: str) -> Answer | None:
        return await self.reload_under_lease(key, self.lease, Tell.NOTHING)
