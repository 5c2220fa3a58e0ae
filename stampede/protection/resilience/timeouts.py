"""Bounds on how long a load, and a caller, may take."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from stampede.core.clock import loop_time
from stampede.core.errors import LoadError
from stampede.core.model import Answer, Entry, Role
from stampede.core.ports import Values
from stampede.core.units import Duration
from stampede.protection.cache import Cache, Loader
from stampede.protection.choices import Get, Serve, Wrapper


@dataclass
class Timeouts(Wrapper):
    """A soft bound after which the old value is served, and a hard one after which a caller and a load have failed.

    mechanism:  values are kept for `max-age` beyond their expiry; a caller that has waited for `soft` gets the kept
                one and the load goes on behind; one that has waited for `hard`, counted from its request and over
                everything (queues, locks, a Redis that hangs), gets an error, as does a load that takes longer
    loads:      as the coalescing choice says
    waiting:    at most `soft` where there is an old value and Redis has it, at most `hard` in any case
    staleness:  at most T + max-age + Δ
    on failure: a hung load frees its key after `hard`; so do loads that wait for one another, which only those of one
                process know of and refuse at once
    source:     FusionCache factory timeouts, BentoCache timeouts
    """

    rank: ClassVar[int] = 10
    needs = (Values,)
    soft: Duration = Duration(0.2)
    hard: Duration = Duration(5.0)
    max_age: Duration = Duration(60.0)

    def retention(self) -> float:
        return self.max_age

    def around_load(self, load: Loader, cache: Cache) -> Loader:
        async def bounded(key: str) -> Entry:
            try:
                async with asyncio.timeout(self.hard):
                    return await load(key)
            except TimeoutError:
                raise LoadError(f"the load took longer than {self.hard}") from None

        return bounded

    def around_get(self, get: Get, serve: Serve, cache: Cache) -> Get:
        # The second look is for what has been loaded meanwhile, and has expired before this caller could see it.
        looks = (
            (self.soft, self.hard - self.soft) if self.hard > 2 * self.soft else (min(self.soft, 0.9 * self.hard),)
        )

        async def impatient(key: str) -> Answer:
            begun, kept = loop_time(), None
            task = cache.tasks.spawn(_answer(get, key))
            for look in (*looks, self.hard):
                await asyncio.wait([task], timeout=begun + look - loop_time())
                if not task.done() and look < self.hard:
                    kept = await _kept(cache, key, task, begun + self.hard)
                if task.done():
                    return task.result()
                max_age = self.max_age if look < self.hard else cache.retention
                if kept is not None and cache.clock() < cache.stands_in_until(kept, max_age):
                    return Answer(kept, Role.WAITER if cache.usable(kept) else Role.STALE)
            raise LoadError(f"no answer within {self.hard}")

        return impatient


async def _answer(get: Get, key: str) -> Answer:
    return await get(key)


async def _kept(cache: Cache, key: str, task: asyncio.Task[Answer], ends: float) -> Entry | None:
    """What the store has, unless the task is done first: Redis may be what hangs, and its error costs no answer."""
    reading = cache.tasks.spawn(_read(cache, key))
    await asyncio.wait([task, reading], timeout=ends - loop_time(), return_when=asyncio.FIRST_COMPLETED)
    return reading.result() if reading.done() else None


async def _read(cache: Cache, key: str) -> Entry | None:
    return await cache.quietly(cache.store.get(key))
