"""Loads that do not exclude each other, of which none writes what an invalidation has overtaken."""

from __future__ import annotations

from dataclasses import dataclass, field

from stampede.core.model import Entry
from stampede.core.tasks import Boarding
from stampede.protection.cache import Cache
from stampede.protection.keeper import Keeper

LEASE_S = 2.0


@dataclass
class Fence:
    """How any number of processes load a key at once.

    The first of them leaves its token in the key's guard, and whoever loads meanwhile does so under the same one. A
    delete removes it, and with it everybody's right to write. It keeps nobody from loading, so nobody gives it back:
    renewed while somebody loads, it ends by itself.
    """

    cache: Cache
    _keeper: Keeper = field(init=False)

    def __post_init__(self) -> None:
        self._keeper = Keeper(self.cache, LEASE_S)

    async def look(self, key: str, boarding: Boarding) -> tuple[Entry | None, str]:
        """A usable value; or none, and the token to load under."""
        token = self.cache.token()
        asked = await self.cache.store.lease(key, token, LEASE_S, sent=boarding.asking)
        boarding.confirmed()
        if asked.entry is not None and self.cache.usable(asked.entry):
            return asked.entry, token
        # Beside a value that is only kept for when a load fails the token has to be left by itself.
        return None, asked.holder or await self.token(key)

    async def token(self, key: str) -> str:
        """The token to load under, whatever value is there."""
        return await self.cache.store.add(key, self.cache.token(), LEASE_S)

    async def load(self, key: str, token: str, boarding: Boarding) -> Entry:
        """Load, and write unless the key was invalidated meanwhile. A store that fails then harms nobody."""
        cache = self.cache
        boarding.loading()
        with self._keeper.holding(key, token):
            entry = await cache.load(key)
            written = await cache.quietly(
                cache.store.put_under(key, token, entry, cache.remaining(entry), sent=boarding.asking)
            )
        if written:
            boarding.confirmed()
        elif written is False:
            cache.counters.fenced_fills += 1
        return entry
