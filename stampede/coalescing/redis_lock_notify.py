"""A lock in Redis; whoever does not get it is woken."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from stampede.core.errors import LoadError
from stampede.core.model import Answer, Filled, Role, Tell
from stampede.core.protection import Coalescing, Verdict
from stampede.core.units import Duration


@dataclass
class RedisLockNotify(Coalescing):
    """A distributed lock whose waiters are woken by a message, and then read.

    mechanism:  on a miss every caller tries the lock; the winner loads, and its fill publishes a wake-up; the
                others watch first, read again, and then sleep until the message or the lease's end
    loads:      1 in the fleet per expiry; the lease is renewed while the load runs
    waiting:    Δ and one round trip; no polling, but N callers still cost N reads, N tries and N reads again
    staleness:  as the freshness choice says
    on failure: a dead holder stalls the key for at most one lease, as does a lost message; an error is
                published too, and reaches all waiters of all processes at once
    source:     kristoff-it/redis-memolock
    """

    lease: Duration = Duration(2.0)

    async def load(self, key: str) -> Answer:
        store, token = self.cache.store, self.cache.token()
        while True:
            # Watch before anything else: a fill between the read and the watch would go unheard.
            news = store.watch(key)
            lease = await store.lease(key, token, self.lease)
            if lease.entry is not None and self.cache.judge(lease.entry) is Verdict.FRESH:
                return Answer(lease.entry, Role.WAITER)
            if lease.holder == token:
                return await asyncio.shield(self.cache.tasks.spawn(self._lead(key, token)))
            answer = await self._sleep(key, news, lease.remaining)
            if answer is not None:
                return answer

    async def _lead(self, key: str, token: str) -> Answer:
        entry = await self.cache.load_under_lease(key, token, self.lease, Tell.WAKE, keep=0)
        return Answer(entry, Role.LEADER)

    async def _sleep(self, key: str, news: asyncio.Future[Filled], at_most: float) -> Answer | None:
        """Wait for the message, then read. None: nothing came, or nothing is there, so try for the lock again."""
        await asyncio.wait([news], timeout=at_most)
        if news.done() and (error := news.result().error) is not None:
            raise LoadError(error)
        entry = await self.cache.store.get(key)
        if entry is not None and self.cache.judge(entry) is Verdict.FRESH:
            return Answer(entry, Role.WAITER)
        return None
