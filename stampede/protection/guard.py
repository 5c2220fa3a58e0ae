"""The right to load a key, held by a token in the store beside the value."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from stampede.core.model import Answer, Entry, Notify, Role
from stampede.core.tasks import Boarding
from stampede.protection.cache import Cache
from stampede.protection.keeper import Keeper


@dataclass
class Guard:
    """How a choice loads under its guard: the lease in seconds, how watchers are notified of the end.

    Those who poll find the note of a failure for `keep` seconds.
    """

    cache: Cache
    lease: float
    notify: Notify
    keep: float = 0.0
    _keeper: Keeper = field(init=False)

    def __post_init__(self) -> None:
        self._keeper = Keeper(self.cache, self.lease)

    def giving_back(self, key: str, token: str) -> AbstractContextManager[None]:
        """Around the steps that may take the guard: who is cancelled or fails among them must not leave it taken."""
        return self.cache.undoing(lambda: self.cache.store.drop(key, token))

    async def lead(self, key: str, token: str, boarding: Boarding) -> Answer:
        """The guard is ours: load, in a task of its own, so that a caller who is cancelled takes nothing along."""
        entry = await asyncio.shield(self.cache.tasks.spawn(self.load(key, token, boarding)))
        return Answer(entry, Role.LEADER)

    async def load(self, key: str, token: str, boarding: Boarding) -> Entry:
        """Load while renewing the lease, then fill with the token as the fence.

        The renewals (every third of the lease) end with this process, so a dead holder is followed within one
        lease. A holder that lost its lease all the same still answers its own callers; its fill is fenced off.
        A failure releases the guard and notifies the watchers.
        """
        cache, store = self.cache, self.cache.store
        boarding.loading()
        with self._keeper.holding(key, token):
            try:
                entry = await cache.load(key)
            except asyncio.CancelledError:
                await cache.quietly(store.drop(key, token))
                raise
            except Exception as error:
                await cache.quietly(store.fail(key, token, str(error), self.keep, self.notify))
                raise
            filled = await cache.quietly(
                store.fill(key, token, entry, cache.remaining(entry), self.notify, sent=boarding.asking)
            )
        if filled:
            boarding.confirmed()
        elif filled is False:
            cache.counters.fenced_fills += 1
        return entry

    async def reload(self, key: str, old: Entry) -> Answer | None:
        """Reload what is still there: only the guard's holder loads, and only if `old` is still there."""
        token = self.cache.token()
        with self.giving_back(key, token):
            if await self.cache.store.add(key, token, self.lease) != token:
                return None
        return await asyncio.shield(self.cache.tasks.spawn(self._reload_as_holder(key, token, old)))

    async def _reload_as_holder(self, key: str, token: str, old: Entry) -> Answer:
        with self.giving_back(key, token):
            entry = await self.cache.store.get(key)
        if entry is not None and entry != old and self.cache.usable(entry):
            await self.cache.quietly(self.cache.store.drop(key, token))
            return Answer(entry, Role.HIT)
        # Without a note of a failure: the value is still there, so nobody polls for this load.
        return Answer(await Guard(self.cache, self.lease, self.notify).load(key, token, Boarding()), Role.LEADER)

    async def usable_or_drop(self, key: str, token: str) -> Entry | None:
        """With the guard in hand, read again: a usable value that somebody else has filled, the guard given back."""
        with self.giving_back(key, token):
            entry = await self.cache.store.get(key)
        if entry is None or not self.cache.usable(entry):
            return None
        await self.cache.quietly(self.cache.store.drop(key, token))
        return entry
