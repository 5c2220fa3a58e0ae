"""Bounds on how long a load, and a caller, may take."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from stampede.core.errors import LoadError
from stampede.core.model import Answer, Entry, Role
from stampede.core.ports import Values
from stampede.core.units import Duration
from stampede.protection.cache import Cache, Loader
from stampede.protection.choices import Get, Serve, Wrapper


@dataclass
class Timeouts(Wrapper):
    """A soft bound after which the old value is served, and a hard one after which a load has failed.

    mechanism:  values are kept for `max-age` beyond their expiry; a caller that has waited for `soft` gets the kept
                one and the load goes on behind; a load that takes longer than `hard` is an error
    loads:      as the coalescing choice says
    waiting:    at most `soft` where there is an old value, at most about `hard` where there is none
    staleness:  at most T + max-age + Δ
    on failure: a hung load frees its key after `hard`
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
        async def impatient(key: str) -> Answer:
            task = cache.tasks.spawn(_answer(get, key))
            await asyncio.wait([task], timeout=self.soft)
            if not task.done():
                kept = await cache.store.get(key)
                if kept is not None and not task.done():
                    return Answer(kept, Role.STALE)
            return await asyncio.shield(task)

        return impatient


async def _answer(get: Get, key: str) -> Answer:
    return await get(key)
