"""A first level of the cache inside the process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from cachetools import TTLCache

from stampede.core.clock import loop_time
from stampede.core.model import Answer, Entry, Role
from stampede.core.ports import Changes
from stampede.core.ranges import Count
from stampede.core.units import Duration
from stampede.protection.cache import Cache
from stampede.protection.choices import Get, Serve, Wrapper


@dataclass
class Near(Wrapper):
    """A small cache inside the process, which Redis tells what has changed.

    mechanism:  what was read from Redis is kept in the process, at most `size` answers, each for at most `ttl`;
                client-side tracking has Redis send the name of every key that changes, and the kept answer is
                dropped; freshness judges a kept answer as it does what Redis has, and has it reloaded from there
    loads:      as without it; what it saves is the round trip to Redis
    waiting:    none on a near hit, but a volunteer's
    staleness:  that of the other choices, and the time until an invalidation is heard: it travels, and a process that
                is busy hears it later; at most `ttl` more if it is lost
    on failure: a lost connection empties it, because changes may have been missed, and nothing is kept until it is
                back
    source:     Redis documentation, "Client-side caching"
    """

    rank: ClassVar[int] = 5  # within the bounds of `timeouts`, which a volunteer may need
    needs = (Changes,)
    ttl: Duration = Duration(1.0)
    size: Count = 1000
    _kept: TTLCache[str, Entry] = field(init=False)
    _reading: dict[str, object] = field(init=False, default_factory=dict)
    _begun: bool = field(init=False, default=False)

    async def begin(self, cache: Cache, keys: Sequence[str]) -> None:
        """Ask the store for news of every change. Raises StoreError."""
        await cache.store.track(self._changed)
        self._begun = True

    def _changed(self, key: str | None) -> None:
        if key is None:
            self._kept.clear()
            self._reading.clear()
        else:
            self._kept.pop(key, None)
            self._reading.pop(key, None)

    def around_get(self, get: Get, serve: Serve, cache: Cache) -> Get:
        self._kept = TTLCache(self.size, self.ttl, timer=loop_time)

        async def nearby(key: str) -> Answer:
            entry = self._kept.get(key)
            if entry is not None and (served := await serve(key, entry)) is not None:
                return served
            # A change that arrives while we read must keep the older answer out.
            reading = self._reading.setdefault(key, object())
            try:
                answer = await get(key)
            except BaseException:
                self._reading.pop(key, None)
                raise
            unchanged = self._reading.pop(key, None) is reading
            # Of what was loaded here nothing may be in Redis yet, or ever, that could be named when it changes.
            if unchanged and self._begun and cache.store.tracking and answer.role is Role.HIT:
                self._kept[key] = answer.entry
            return answer

        return nearby
