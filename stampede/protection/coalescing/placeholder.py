"""The owner's id sits in the value's own place while it loads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from stampede.core.errors import LoadError, StoreError
from stampede.core.model import Answer, Filled, Notify, Role
from stampede.core.units import Duration
from stampede.protection.base import Coalescing
from stampede.protection.names import marker_of

SETTLE_S = 0.001
UNDER_WAY_S = 0.02


@dataclass
class Placeholder(Coalescing):
    """The owner's id sits in the value's own place while it loads, and a marker says that the owner lives.

    mechanism:  a miss puts a token there unless something is; its owner renews a marker of its own at half its life,
                loads, and writes the value over the token by compare-and-set; the others wait for a message
    loads:      1 in the fleet per expiry
    waiting:    Δ and one round trip to read the value
    staleness:  as the freshness choice says; a delete removes the token, so an older value cannot be written
    on failure: a dead owner is noticed within its marker's life, its token removed by compare-and-delete, and the
                load taken over; an error is published and reaches all waiters of all processes, once
    source:     redis/rueidis `rueidisaside`; SET … IFEQ and DELIFEQ where the server has them (Valkey 8.1 and 9.0)
    """

    excludes: ClassVar[dict[str, str]] = {
        "fail-safe": "the placeholder takes the place of the old value that fail-safe keeps",
        "timeouts": "the placeholder takes the place of the old value that a soft timeout serves",
    }
    marker: Duration = Duration(2.0)

    _marked: asyncio.Task[str] | None = field(init=False, default=None)

    async def _announce(self) -> None:
        """Before the first claim: set the marker, and keep it alive."""
        cache, name = self.cache, marker_of(self.cache.owner)
        if self._marked is None:
            self._marked = cache.tasks.spawn(cache.store.add(name, cache.owner, self.marker))
            cache.tasks.keep(self._live(name))
        await asyncio.shield(self._marked)

    async def _live(self, name: str) -> None:
        cache = self.cache
        try:
            while True:
                await asyncio.sleep(self.marker / 2)
                if await cache.quietly(cache.store.renew(name, cache.owner, self.marker)) is False:
                    await cache.store.add(name, cache.owner, self.marker)
        finally:
            await cache.quietly(cache.store.drop(name, cache.owner))

    async def load(self, key: str) -> Answer:
        store, token = self.cache.store, f"{self.cache.owner}/{self.cache.token()}"
        await self._announce()
        # Watch before claiming: a fill between the answer and the watch would go unheard.
        news, waited = store.watch(key), False
        while True:
            with self._clearing(key, token):
                look = await store.claim(key, token, self.cache.ttl + self.marker)
                if waited and look.holder == token:
                    await self._hear(news)
            if look.holder == token:
                return await asyncio.shield(self.cache.tasks.spawn(self._lead(key, token)))
            if look.holder is not None:
                await self._wait(key, look.holder, news)
                waited = not news.done()
                news = news if waited else store.watch(key)
            elif look.entry is not None and self.cache.usable(look.entry):
                return Answer(look.entry, Role.WAITER)
            else:  # it has expired by our clock, and will have by the store's in a moment
                await asyncio.sleep(SETTLE_S)

    async def _lead(self, key: str, token: str) -> Answer:
        cache = self.cache
        try:
            entry = await cache.load(key)
        except asyncio.CancelledError:
            await cache.quietly(cache.store.unclaim(key, token, None))
            raise
        except Exception as error:
            await cache.quietly(cache.store.unclaim(key, token, str(error)))
            raise
        swapped = await cache.quietly(cache.store.swap(key, token, entry, cache.remaining(entry)))
        if swapped is None:  # the value could not be stored: let others try
            await cache.quietly(cache.store.unclaim(key, token, None))
        elif not swapped:
            cache.counters.fenced_fills += 1
        return Answer(entry, Role.LEADER)

    async def _wait(self, key: str, holder: str, news: asyncio.Future[Filled]) -> None:
        """Until there is news, or time to look again: the holder may be dead, or a message lost.

        Raises LoadError if its load failed.
        """
        store, owner = self.cache.store, holder.partition("/")[0]
        await asyncio.wait([news], timeout=self.marker / 2)
        if not news.done() and (await store.look(marker_of(owner))).holder is None:
            await store.unclaim(key, holder, None)
        if news.done() and (error := news.result().error) is not None:
            raise LoadError(error)

    @staticmethod
    async def _hear(news: asyncio.Future[Filled]) -> None:
        """Whoever wins the claim that it waited for is not to load if that one failed; the message may be under way.

        Raises LoadError if it did.
        """
        await asyncio.wait([news], timeout=UNDER_WAY_S)
        if news.done() and (error := news.result().error) is not None:
            raise LoadError(error)

    @contextmanager
    def _clearing(self, key: str, token: str) -> Iterator[None]:
        """A caller who is cancelled while it claims, or has no use for it any more, must not leave its claim."""
        try:
            yield
        except (asyncio.CancelledError, StoreError, LoadError):
            self.cache.tasks.spawn(self._unclaim(key, token))
            raise

    async def _unclaim(self, key: str, token: str) -> None:
        # The claim may still be on its way, on another connection: so try twice.
        for pause in (0.0, 0.1):
            await asyncio.sleep(pause)
            if await self.cache.quietly(self.cache.store.unclaim(key, token, None)):
                return

    async def reload(self, key: str) -> Answer | None:
        return await self.reload_under_lease(key, self.marker, Notify.WAKE)
