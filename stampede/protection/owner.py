"""A marker in the store that says that an owner lives."""

from __future__ import annotations

import asyncio

from stampede.protection.cache import Cache
from stampede.protection.names import marker_of


class OwnerMarker:
    """Set before the owner's first claim, renewed every third of its life, and gone soon after the owner."""

    def __init__(self, cache: Cache, life: float) -> None:
        self._cache = cache
        self._life = life
        self._name = marker_of(cache.owner)
        self._set: asyncio.Task[str] | None = None

    async def announce(self) -> None:
        """Have the marker set, and keep it alive. Raises StoreError; the next call tries again."""
        cache = self._cache
        if self._set is None:
            cache.tasks.keep(self._live())
        if self._set is None or _failed(self._set):
            self._set = cache.tasks.spawn(cache.store.add(self._name, cache.owner, self._life))
        await asyncio.shield(self._set)

    async def _beat(self) -> bool:
        """Prolong the marker, or set it again: it may have been evicted or flushed."""
        store = self._cache.store
        if not await store.renew(self._name, self._cache.owner, self._life):
            await store.add(self._name, self._cache.owner, self._life)
        return True

    async def _live(self) -> None:
        try:
            while True:
                await asyncio.sleep(self._life / 3)
                await self._cache.quietly(self._beat())
        finally:
            await self._cache.quietly(self._cache.store.drop(self._name, self._cache.owner))

    async def lives(self, owner: str) -> bool:
        """Whether another owner's marker is there. Raises StoreError."""
        return (await self._cache.store.look(marker_of(owner))).holder is not None


def _failed(task: asyncio.Task[str]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
