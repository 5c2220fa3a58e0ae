"""Serve the last known value when a load fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import msgspec

from stampede.core.errors import LoadError
from stampede.core.model import Entry
from stampede.core.ports import Values
from stampede.core.units import Duration
from stampede.protection.cache import Cache, Loader
from stampede.protection.choices import Wrapper


@dataclass
class FailSafe(Wrapper):
    """When a load fails, the last known value is served (stale-if-error), and loads are throttled.

    mechanism:  values are kept for `max-age` beyond their expiry; if a load fails, the last one is written again with
                the word that nobody in the fleet tries before `throttle` is over; one that is fresh or in its grace
                lives on at least as long as it would have
    loads:      while the database fails, one per key and `throttle`
    waiting:    for the load that fails, once per `throttle`; nobody, while freshness serves the value meanwhile
    staleness:  at most T + max-age + Δ, T with what freshness adds to it
    on failure: this is what it is for; a key that was never loaded still raises
    source:     RFC 5861 stale-if-error; FusionCache fail-safe, BentoCache grace periods
    """

    rank: ClassVar[int] = 30
    needs = (Values,)
    max_age: Duration = Duration(60.0)
    throttle: Duration = Duration(1.0)

    def retention(self) -> float:
        return self.max_age

    def around_load(self, load: Loader, cache: Cache) -> Loader:
        async def safe(key: str) -> Entry:
            try:
                return await load(key)
            except LoadError:
                kept = await self._kept(key, cache)
                if kept is None:
                    raise
                return kept

        return safe

    async def _kept(self, key: str, cache: Cache) -> Entry | None:
        entry = await cache.quietly(cache.store.get(key))
        now = cache.clock()
        if entry is None or now >= (until := cache.stands_in_until(entry, self.max_age)):
            return None
        retry_at = min(now + self.throttle, until)
        return msgspec.structs.replace(entry, expires_at=max(entry.expires_at, retry_at), retry_at=retry_at)
