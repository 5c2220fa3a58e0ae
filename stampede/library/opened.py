"""What an open cache holds on its event loop: the store, the protection, and the work behind the callers' backs."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Any

from stampede.core.errors import LoadError, RedisUnavailable, StoreError
from stampede.core.tasks import Tasks
from stampede.core.urls import without_password, words_about
from stampede.library.asked import Asked, Origin, asked
from stampede.library.settings import Settings
from stampede.protection.compose import Protection, protection
from stampede.stores.away import AwayStore
from stampede.stores.choose import ClosableStore, open_store


class Opened:
    """A protection over a store, on the running loop."""

    def __init__(self, protection: Protection, store: ClosableStore, tasks: Tasks) -> None:
        self.loop = asyncio.get_running_loop()
        self.protection = protection
        self._store = store
        self._tasks = tasks

    @classmethod
    async def open(cls, settings: Settings, origin: Origin) -> Opened:
        """Connect, and begin what the strategy does in the background.

        Raises:
            RedisUnavailable: it is not there, or refuses us.
            StoreError: it went away meanwhile.
        """
        try:
            store = await open_store(settings.url, settings.prefix)
        except StoreError as error:
            shown, why = without_password(settings.url), words_about(settings.url, str(error))
            raise RedisUnavailable(f"no usable Redis at {shown} ({why}): start it, or check the URL") from None
        tasks = Tasks()
        opened = cls(_protection(settings, origin, store, tasks), store, tasks)
        asked.set(Asked(_by(settings.scheduled), settings.codec.of(None)) if settings.scheduled else None)
        try:
            await opened.protection.begin(list(settings.scheduled))
        except BaseException:
            await opened.close(0.0)
            raise
        return opened

    @classmethod
    def without_store(cls, settings: Settings, origin: Origin, why: str) -> Opened:
        """What goes on until there is a store: every step in it fails."""
        store, tasks = AwayStore(why), Tasks()
        return cls(_protection(settings, origin, store, tasks), store, tasks)

    async def close(self, within: float) -> None:
        """Wait for loads under way, at most so many seconds, and leave nothing behind."""
        await self._tasks.settle(within)
        await self._store.close()


def _protection(settings: Settings, origin: Origin, store: ClosableStore, tasks: Tasks) -> Protection:
    return protection(
        settings.strategy,
        store=store,
        origin=origin.load,
        ttl=settings.ttl,
        clock=time.time,
        random=Random(),
        tasks=tasks,
        owner=secrets.token_hex(8),
    )


def _by(schedule: Mapping[str, Callable[[], Awaitable[Any]]]) -> Callable[[str], Awaitable[Any]]:
    async def load(key: str) -> Any:
        if key not in schedule:
            raise LoadError(f"the schedule has no loader for {key!r}")
        return await schedule[key]()

    return load
