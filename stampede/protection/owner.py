"""A marker in the store that says that an owner lives."""

from __future__ import annotations

import asyncio

from stampede.protection.cache import Cache
from stampede.protection.names import marker_of


class OwnerMarker:
    """Set before the owner's first claim, renewed at half its life, and gone soon after the owner."""

    def __init__(self, cache: Cache, life: float) -> None:
        self._cache = cache
        self._life = life
        self._name = marker_of(cache.owner)
        self._set: asyncio.Task[str] | None = None

    async def announce(self) -> None:
        """Have the marker set, and keep it alive. Raises StoreError."""
        cache = self._cache
        if self._set is None:
            self._set = cache.tasks.spawn(cache.store.add(self._name, cache.owner, self._life))
            cache.tasks.keep(self._live())
        await asyncio.shield(self._set)

    async def _live(self) -> None:
        cache = self._cache
        try:
            while True:
                await asyncio.sleep(self._life / 2)
                if await cache.quietly(cache.store.renew(self._name, cache.owner, self._life)) is False:
                    await cache.store.add(self._name, cache.owner, self._life)
        finally:
            await cache.quietly(cache.store.drop(self._name, cache.owner))

    async def lives(self, owner: str) -> bool:
        """Whether another owner's marker is there. Raises StoreError."""
        return (await self._cache.store.look(marker_of(owner))).holder is not None
