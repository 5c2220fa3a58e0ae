"""Loads that do not exclude each other, of which none writes what an invalidation has overtaken."""

from __future__ import annotations

from dataclasses import dataclass, field

from stampede.core.model import Answer, Entry, Role
from stampede.core.tasks import Boarding
from stampede.protection.cache import Cache
from stampede.protection.keeper import Keeper

LEASE_S = 2.0
FRESH_S = LEASE_S / 2
"""A token that lives for longer was left or renewed lately; another would end before we renew it."""


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
        if asked.holder == token or (asked.holder is not None and asked.remaining > FRESH_S):
            return None, asked.holder
        # Beside a value that is only kept for when a load fails the token has to be left by itself.
        return None, await self.token(key)

    async def token(self, key: str) -> str:
        """The token to load under, whatever value is there: our own, or another's that is prolonged for us."""
        token, store = self.cache.token(), self.cache.store
        while True:
            holder = await store.add(key, token, LEASE_S)
            if holder == token or await self.cache.quietly(store.renew(key, holder, LEASE_S)) is not False:
                return holder

    async def reload(self, key: str, old: Entry, boarding: Boarding) -> Answer:
        """Load what is there, unless another value has come in the place of `old` since that was read."""
        entry = await self.cache.store.get(key, sent=boarding.asking)
        if entry is not None and entry != old and self.cache.usable(entry):
            boarding.confirmed()
            return Answer(entry, Role.HIT)
        return Answer(await self.load(key, await self.token(key), boarding), Role.LEADER)

    async def load(self, key: str, token: str, boarding: Boarding) -> Entry:
        """Load; the write is begun, and not waited for. A store that fails then harms nobody."""
        boarding.loading()
        with self._keeper.holding(key, token):
            entry = await self.cache.load(key)
            boarding.until(self.cache.tasks.spawn(self._fill(key, token, entry, boarding)))
        return entry

    async def _fill(self, key: str, token: str, entry: Entry, boarding: Boarding) -> None:
        """Write unless the key was invalidated meanwhile."""
        cache = self.cache
        with self._keeper.holding(key, token):
            step = cache.store.put_under(key, token, entry, cache.remaining(entry), sent=boarding.asking)
            written = await cache.quietly(step, gone=boarding.without_store)
        if written:
            boarding.confirmed()
        elif written is False:
            cache.counters.fenced_fills += 1
