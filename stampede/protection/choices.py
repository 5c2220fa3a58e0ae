"""The choices that a protection is made of; their plug-ins are the files in the folders here.

*Freshness* judges what was read and says how long it lives, *coalescing* decides who may load, *resilience* changes
what a load does when it is slow or fails, *locality* where to look first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from stampede.core.errors import RequestError
from stampede.core.model import Answer, Entry, Role
from stampede.core.ports import Store
from stampede.protection.cache import Cache, Loader
from stampede.protection.judging import Action, Lifetime
from stampede.protection.promise import Promise

Get = Callable[[str], Awaitable[Answer]]
Serve = Callable[[str, Entry], Awaitable[Answer | None]]


class Choice:
    """What the choices of all families have in common.

    `excludes`: choices that it cannot go with, and why. `needs`: the capabilities of the store that it works with.
    """

    excludes: ClassVar[dict[str, str]] = {}
    needs: ClassVar[tuple[type, ...]] = ()

    async def begin(self, cache: Cache, keys: Sequence[str]) -> None:
        """Called in every instance before the first request; background work goes to `cache.tasks.keep`."""


class Freshness(Choice):
    """When to reload. Subclasses are the files in `stampede/protection/freshness/`."""

    def check(self, ttl: float) -> None:
        """Raises UsageError: this makes no sense with values that live so long."""

    def lifetime(self, ttl: float, random: Random) -> Lifetime:
        """The lifetime of a value loaded now."""
        raise NotImplementedError

    def judge(self, entry: Entry, now: float, random: Random) -> Action:
        """What to do with a value that was found and has not expired."""
        raise NotImplementedError


class Wrapper(Choice):
    """A choice that lies around loads or around requests: the files in `resilience/` and `locality/` here.

    `rank` orders several: the higher lies around the lower.
    """

    rank: ClassVar[int] = 0

    def retention(self) -> float:
        """Seconds for which a value is kept in the store after it has expired."""
        return 0.0

    def around_store(self, store: Store, cache: Cache) -> Store:
        """The store with this choice around it; one per instance."""
        return store

    def around_load(self, load: Loader, cache: Cache) -> Loader:
        """The load with this choice around it; one per instance."""
        return load

    def around_get(self, get: Get, serve: Serve, cache: Cache) -> Get:
        """The way of a request with this choice around it; one per instance.

        `serve` answers with a value that is at hand, and has it reloaded as freshness wants; None: it has expired.
        """
        return get


@dataclass
class Coalescing(Choice):
    """Who may load. Subclasses are the files in `coalescing/`; each declares what it promises.

    `get` is the way of a request for choices that read first: they say how a missing key is loaded (`load`). One that
    coalesces before the read overrides `get` and needs no `load`. All say how a value that is there is reloaded.
    """

    promise: ClassVar[Promise]

    cache: Cache

    async def get(self, key: str) -> Answer:
        """Answer one caller. Raises LoadError or StoreError."""
        entry = await self.cache.store.get(key)
        return await self.serve(key, entry) or await self.load(key)

    async def serve(self, key: str, entry: Entry | None) -> Answer | None:
        """Answer with what was read, reloading it as freshness wants it. None: it is missing."""
        action = self.cache.judge(entry)
        if entry is None or action is Action.EXPIRED:
            return None
        if action is Action.EARLY:
            return await self._volunteer(key, entry) or Answer(entry, Role.HIT)
        if action is Action.BEHIND:
            self.cache.tasks.spawn(self.reload(key, entry))
        return Answer(entry, Role.STALE if self.cache.clock() >= entry.stale_at else Role.HIT)

    async def _volunteer(self, key: str, entry: Entry) -> Answer | None:
        """Reload early. Who does not get the right to load ducks out, and whose load fails has lost nothing yet."""
        try:
            answer = await self.reload(key, entry)
        except RequestError:
            return None
        return Answer(answer.entry, Role.VOLUNTEER) if answer and answer.role is Role.LEADER else answer

    async def load(self, key: str) -> Answer:
        """The key is missing: load it, or wait for whoever does."""
        raise NotImplementedError

    async def reload(self, key: str, old: Entry) -> Answer | None:
        """The key is there and shall be renewed: load it, or return None if another one already does.

        `old` is what freshness wants renewed. Whoever gets the right to load does not judge again, which would draw
        lots twice, but only looks whether another value has come in its place.
        """
        raise NotImplementedError

    async def invalidate(self, key: str) -> None:
        """Forget the value, wherever it is. Raises StoreError.

        A choice whose promise is `fenced` answers nothing older to whoever asks after this has returned.
        """
        await self.cache.store.delete(key)
