"""The right to load a key, held by a token in the value's own place."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from stampede.core.model import Answer, Entry, Filled, Role
from stampede.core.tasks import Boarding
from stampede.protection.cache import Cache
from stampede.protection.keeper import Keeper
from stampede.protection.unshared import Unshared


@dataclass
class Claim:
    """How a choice loads under its claim, which lives for `life` seconds and is renewed while the load runs."""

    cache: Cache
    life: float
    _keeper: Keeper = field(init=False)
    _unshared: Unshared = field(init=False)

    def __post_init__(self) -> None:
        self._keeper = Keeper(self.cache, self.life)
        self._unshared = Unshared(self.cache)

    def giving_back(self, key: str, token: str) -> AbstractContextManager[None]:
        """Around the steps that may claim: who is cancelled or fails among them must not leave the claim there."""
        return self.cache.undoing(lambda: self.cache.store.unclaim(key, token, None))

    async def lead(self, key: str, token: str) -> Answer:
        """The claim is ours: load, in a task of its own, so that a caller who is cancelled takes nothing along."""
        return await asyncio.shield(self.cache.tasks.spawn(self._load(key, token)))

    async def _load(self, key: str, token: str) -> Answer:
        """Load, and begin to write the value over the claim; or take it back. Raises what the load raises."""
        cache = self.cache
        with self._keeper.holding(key, token):
            try:
                entry = await cache.load(key)
            except BaseException as error:
                await self._failed(key, token, None if isinstance(error, asyncio.CancelledError) else str(error))
                raise
            cache.tasks.spawn(self._fill(key, token, entry))
        return Answer(entry, Role.LEADER)

    async def _fill(self, key: str, token: str, entry: Entry) -> None:
        """Behind the caller's back, who has the answer, whatever becomes of this."""
        cache = self.cache
        with self._keeper.holding(key, token):
            swapped = await cache.quietly(cache.store.swap(key, token, entry, cache.remaining(entry)))
        if not swapped:
            cache.counters.fenced_fills += swapped is False
            cache.tasks.spawn(self._pass_on(key, token, entry))

    async def _failed(self, key: str, token: str, why: str | None) -> None:
        if not await self._taken_back(key, token, why):
            await self.cache.told(key, Filled(None, why, token))

    async def _taken_back(self, key: str, token: str, why: str | None) -> bool:
        """Whether the claim was still there, and is not now; a store that fails: tried again, behind."""
        taken = await self.cache.quietly(self.cache.store.unclaim(key, token, why))
        if taken is None:
            self.cache.tasks.spawn(self.cache.undo(lambda: self.cache.store.unclaim(key, token, why)))
        return bool(taken)

    async def _pass_on(self, key: str, token: str, entry: Entry) -> None:
        """Nothing was written; who waits for this load gets its value all the same, or is told to load by itself."""
        cache = self.cache
        if not await cache.told(key, Filled(entry, None, token)):
            await cache.told(key, Filled(None, None, token, unshared=True))
        await self._taken_back(key, token, None)

    async def alone(self, key: str, holder: str) -> Answer:
        """The load that we waited for has ended with a value that nobody can be given: load without any right."""
        return await self._unshared.load(key, holder, Boarding())
