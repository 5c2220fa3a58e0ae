"""The right to load a key, held by a token in the store beside the value."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from stampede.core.model import Answer, Entry, Filled, Notify, Role
from stampede.core.tasks import Boarding
from stampede.protection.cache import Cache
from stampede.protection.keeper import Keeper
from stampede.protection.unshared import Unshared


@dataclass
class Guard:
    """How a choice loads under its guard: the lease in seconds, how watchers are notified of the end.

    Those who poll find the note of an end without a value for `keep` seconds.

    A guard that is lost is never taken again by its holder. Whether it was evicted or flushed, or voided by an
    invalidation, cannot be told apart safely, and what was loaded before an invalidation must not be written after
    it. So the fill is fenced off; but its value is pushed to those who wait for this holder, who had asked before.
    """

    cache: Cache
    lease: float
    notify: Notify
    keep: float = 0.0
    _keeper: Keeper = field(init=False)
    _unshared: Unshared = field(init=False)

    def __post_init__(self) -> None:
        self._keeper = Keeper(self.cache, self.lease)
        self._unshared = Unshared(self.cache)

    def giving_back(self, key: str, token: str) -> AbstractContextManager[None]:
        """Around the steps that may take the guard: who is cancelled or fails among them must not leave it taken."""
        return self.cache.undoing(lambda: self.cache.store.drop(key, token, self.notify))

    async def lead(self, key: str, token: str, boarding: Boarding) -> Answer:
        """The guard is ours: load, in a task of its own, so that a caller who is cancelled takes nothing along."""
        entry = await asyncio.shield(self.cache.tasks.spawn(self.load(key, token, boarding, self.keep)))
        return Answer(entry, Role.LEADER)

    async def load(self, key: str, token: str, boarding: Boarding, keep: float = 0.0) -> Entry:
        """Load while the lease is renewed; the fill, with the token as the fence, is begun, and not waited for.

        However the load ends, the guard is released and those who wait are told. A holder that lost its lease still
        answers its own callers.
        """
        cache = self.cache
        boarding.loading()
        with self._keeper.holding(key, token):
            try:
                entry = await cache.load(key)
            except asyncio.CancelledError:
                await self._release(key, Filled(None, None, token), keep)
                raise
            except BaseException as error:  # whatever a user's loader raises, GeneratorExit say: nobody must wait on
                await self._release(key, Filled(None, str(error), token), keep)
                raise
            boarding.until(cache.tasks.spawn(self._fill(key, token, entry, boarding, keep)))
        return entry

    async def _fill(self, key: str, token: str, entry: Entry, boarding: Boarding, keep: float) -> None:
        """Behind the callers' backs: they have their answer, whatever becomes of this."""
        cache = self.cache
        with self._keeper.holding(key, token):
            step = cache.store.fill(key, token, entry, cache.remaining(entry), self.notify, sent=boarding.asking)
            filled = await cache.quietly(step, gone=boarding.without_store)
        if filled:
            boarding.confirmed()
        else:
            cache.counters.fenced_fills += filled is False
            cache.tasks.spawn(self._pass_on(key, token, entry, keep, held=filled is None))

    async def _release(self, key: str, ended: Filled, keep: float) -> None:
        """Release the guard, and tell the end; a guard that is lost: only tell; a store that fails: again."""
        store, token = self.cache.store, ended.token or ""

        def release() -> Awaitable[bool]:
            if ended.error is None and not ended.unshared:
                return store.drop(key, token, self.notify)
            return store.fail(key, token, ended.error, keep, self.notify)

        released = await self.cache.quietly(release())
        if released is None:
            self.cache.tasks.spawn(self.cache.undo(release))
        elif not released and self.notify is not Notify.NOTHING:
            await self.cache.told(key, ended)

    async def _pass_on(self, key: str, token: str, entry: Entry, keep: float, held: bool) -> None:
        """Nothing was written; who waits for this load gets its value all the same, or is told to load by itself."""
        pushed = self.notify is not Notify.NOTHING and await self.cache.told(key, Filled(entry, None, token))
        if held or not pushed:
            await self._release(key, Filled(None, None, token, unshared=not pushed), keep)

    async def alone(self, key: str, holder: str, boarding: Boarding) -> Answer:
        """The load that we waited for has ended with a value that nobody can be given: load without any right."""
        return await self._unshared.load(key, holder, boarding)

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
            await self.cache.quietly(self.cache.store.drop(key, token, self.notify))
            return Answer(entry, Role.HIT)
        # Without a note of a failure: the value is still there, so nobody polls for this load.
        return Answer(await self.load(key, token, Boarding()), Role.LEADER)

    async def usable_or_drop(self, key: str, token: str) -> Entry | None:
        """With the guard in hand, read again: a usable value that somebody else has filled, the guard given back."""
        with self.giving_back(key, token):
            entry = await self.cache.store.get(key)
        if entry is None or not self.cache.usable(entry):
            return None
        await self.cache.quietly(self.cache.store.drop(key, token, self.notify))
        return entry
