"""A lock in Redis; whoever does not get it is woken."""

from __future__ import annotations

from dataclasses import dataclass, field

from stampede.core.model import Answer, Entry, Notify, Role
from stampede.core.ports import Guards, News, Values
from stampede.core.tasks import Boarding
from stampede.core.units import Duration
from stampede.protection.choices import Coalescing
from stampede.protection.guard import Guard
from stampede.protection.news import hear
from stampede.protection.promise import Promise, Scope


@dataclass
class RedisLockNotify(Coalescing):
    """A distributed lock whose waiters are woken by a message, and then read.

    mechanism:  on a miss every caller tries the lock; the winner loads, and its fill publishes a wake-up; the
                others watch first, read again, and then sleep until the message or the lease's end
    loads:      1 in the fleet per expiry; the lease is renewed while the load runs, by the process's event loop: one
                that is blocked, or behind, for the length of a lease loses it, and another process loads
    waiting:    Δ and one round trip; no polling, but N callers cost N reads, N tries and twice N reads again
    staleness:  as the freshness choice says
    on failure: a dead holder stalls the key for at most one lease, as does a lost message; an error is
                published too, and reaches all waiters of all processes at once, as does a value that could not be
                written; where Redis refuses even that, every waiting process loads once
    source:     kristoff-it/redis-memolock
    """

    promise = Promise(Scope.FLEET, "for a message, then they read", fenced=True)
    needs = (Values, Guards, News)

    lease: Duration = Duration(2.0)
    _guard: Guard = field(init=False)

    def __post_init__(self) -> None:
        self._guard = Guard(self.cache, self.lease, Notify.WAKE)

    async def load(self, key: str) -> Answer:
        store, token = self.cache.store, self.cache.token()
        holders: set[str] = set()
        while True:
            news = store.watch(key)
            with self._guard.giving_back(key, token):
                holder = await store.add(key, token, self.lease)
                # Read after watching: what was filled before the watch is there, what is filled later is heard.
                entry = await store.get(key)
            if entry is not None and self.cache.usable(entry):
                if holder == token:
                    await self.cache.quietly(store.drop(key, token, Notify.WAKE))
                return Answer(entry, Role.WAITER)
            if holder == token:
                return await self._guard.lead(key, token, Boarding())
            holders.add(holder)
            ended = await hear(store, news, holders, self.lease)
            if ended is not None and ended.entry is not None:  # it was not written: what was, is read
                return Answer(ended.entry, Role.WAITER)
            if ended is not None and ended.unshared:
                return await self._guard.alone(key, ended.token or "", Boarding())
            entry = await store.get(key)
            if entry is not None and self.cache.usable(entry):
                return Answer(entry, Role.WAITER)

    async def reload(self, key: str, old: Entry) -> Answer | None:
        return await self._guard.reload(key, old)
