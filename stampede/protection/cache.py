"""One instance's view of the shared cache: what a coalescing choice works with."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Protocol, TypeVar

from stampede.core.clock import loop_time
from stampede.core.errors import LoadError, RequestError, StoreError, StoreGone
from stampede.core.model import Entry, Filled, Loaded
from stampede.core.ports import Clock, Store
from stampede.core.tasks import Tasks
from stampede.protection.counters import Counters
from stampede.protection.judging import Action, Judge
from stampede.protection.nesting import Loads

Origin = Callable[[str], Awaitable[Loaded]]
Loader = Callable[[str], Awaitable[Entry]]
T = TypeVar("T")


class Layer(Protocol):
    """The part of a resilience or locality choice that a cache works with."""

    def retention(self) -> float:
        """Seconds for which a value is kept in the store after it has expired."""
        ...

    def around_store(self, store: Store, cache: Cache) -> Store:
        """The store with this choice around it; one per instance."""
        ...

    def around_load(self, load: Loader, cache: Cache) -> Loader:
        """The load with this choice around it; one per instance."""
        ...


@dataclass
class Cache:
    """One instance's store, origin and settings, and the load with all resilience around it.

    `layers` lie around a load, the innermost first; `owner` makes tokens unique over instances and their restarts.
    """

    store: Store
    origin: Origin
    freshness: Judge
    layers: Sequence[Layer]
    ttl: float
    clock: Clock
    random: Random
    tasks: Tasks
    owner: str
    counters: Counters = field(default_factory=Counters)
    loads: Loads = field(default_factory=Loads)
    _serial: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.retention = max((layer.retention() for layer in self.layers), default=0.0)
        self._loader: Loader = self._load_once
        for layer in self.layers:
            self.store = layer.around_store(self.store, self)
            self._loader = layer.around_load(self._loader, self)

    def token(self) -> str:
        """A token that no other load in the fleet has or will have."""
        return f"{self.owner}-{next(self._serial)}"

    def judge(self, entry: Entry | None) -> Action:
        """Freshness's word on what was read; nothing at all is as good as expired."""
        if entry is None:
            return Action.EXPIRED
        now = self.clock()
        if now >= entry.expires_at:
            return Action.EXPIRED
        return Action.FRESH if now < entry.retry_at else self.freshness.judge(entry, now, self.random)

    def usable(self, entry: Entry | None) -> bool:
        """Whether a value can be served to somebody who has already waited."""
        return entry is not None and self.clock() < entry.expires_at

    def stands_in_until(self, entry: Entry, max_age: float) -> float:
        """When a value becomes older than its lifetime and `max_age`; before, it can stand in for one that fails."""
        life = self.freshness.lifetime(self.ttl, self.random)
        return entry.stale_at + (life.expires_after - life.stale_after) + max_age

    async def load(self, key: str) -> Entry:
        """One load, with all resilience around it. Raises LoadError."""
        with self.loads.loading(key):
            return await self._loader(key)

    async def _load_once(self, key: str) -> Entry:
        begun = loop_time()
        self.counters.loads += 1
        loaded = await self._ask_origin(key)
        took = loop_time() - begun
        now, life = self.clock(), self.freshness.lifetime(loaded.ttl or self.ttl, self.random)
        return Entry(loaded.value, loaded.version, now, now + life.stale_after, now + life.expires_after, took)

    async def _ask_origin(self, key: str) -> Loaded:
        try:
            return await self.origin(key)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Nobody wants this load to end: something inside of it was cancelled, and that is a failure to be told.
            raise LoadError("the load was cancelled from within") from None

    def remaining(self, entry: Entry) -> float:
        """Seconds for which the store shall keep an entry that is written now."""
        return max(0.001, entry.expires_at - self.clock() + self.retention)

    async def load_and_put(self, key: str) -> Entry:
        """Load, and write without a guard. A store that fails now costs the callers nothing."""
        entry = await self.load(key)
        await self.quietly(self.store.put(key, entry, self.remaining(entry)))
        return entry

    async def quietly(self, step: Awaitable[T], gone: Callable[[], None] = lambda: None) -> T | None:
        """A step of the store that must not cost a caller its answer; None if it failed.

        `gone` is called if the store does not answer.
        """
        try:
            return await step
        except StoreError as error:
            self.counters.store_errors += 1
            if isinstance(error, StoreGone):
                gone()
            return None

    async def told(self, key: str, news: Filled) -> bool:
        """Tell whoever watches the key; whether the store has passed it on."""
        try:
            await self.store.tell(key, news)
        except StoreError:
            self.counters.store_errors += 1
            return False
        return True

    @contextmanager
    def undoing(self, undo: Callable[[], Awaitable[bool]]) -> Iterator[None]:
        """Around the steps that may take a right to load: who is cancelled or fails there must not leave it taken."""
        try:
            yield
        except (asyncio.CancelledError, RequestError):
            self.tasks.spawn(self.undo(undo))
            raise

    async def undo(self, undo: Callable[[], Awaitable[bool]]) -> None:
        """Give a right to load back, as surely as can be."""
        # The step that takes the right may still be on its way, on another connection: so try twice.
        for pause in (0.0, 0.1):
            await asyncio.sleep(pause)
            if await self.quietly(undo()):
                return
