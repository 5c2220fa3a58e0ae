"""The right to load a key, held by a token in the value's own place."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from stampede.core.model import Answer, Role
from stampede.protection.cache import Cache
from stampede.protection.keeper import Keeper


@dataclass
class Claim:
    """How a choice loads under its claim, which lives for `life` seconds and is renewed while the load runs."""

    cache: Cache
    life: float
    _keeper: Keeper = field(init=False)

    def __post_init__(self) -> None:
        self._keeper = Keeper(self.cache, self.life)

    def giving_back(self, key: str, token: str) -> AbstractContextManager[None]:
        """Around the steps that may claim: who is cancelled or fails among them must not leave the claim there."""
        return self.cache.undoing(lambda: self.cache.store.unclaim(key, token, None))

    async def lead(self, key: str, token: str) -> Answer:
        """The claim is ours: load, in a task of its own, so that a caller who is cancelled takes nothing along."""
        return await asyncio.shield(self.cache.tasks.spawn(self._load(key, token)))

    async def _load(self, key: str, token: str) -> Answer:
        """Load, write the value over the claim, or take it back. Raises what the load raises."""
        cache, store = self.cache, self.cache.store
        with self._keeper.holding(key, token):
            try:
                entry = await cache.load(key)
            except BaseException as error:
                why = None if isinstance(error, asyncio.CancelledError) else str(error)
                await cache.quietly(store.unclaim(key, token, why))
                raise
            swapped = await cache.quietly(store.swap(key, token, entry, cache.remaining(entry)))
        if swapped is None:  # the value could not be stored: let others try
            await cache.quietly(store.unclaim(key, token, None))
        elif not swapped:
            cache.counters.fenced_fills += 1
        return Answer(entry, Role.LEADER)
