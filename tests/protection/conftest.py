"""One instance's protection over a memory store and an origin that is slow, on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

import pytest

from stampede.core.errors import LoadError
from stampede.core.model import Loaded
from stampede.core.ports import Store
from stampede.core.tasks import Tasks
from stampede.engine import virtual
from stampede.protection.compose import protection
from stampede.protection.strategy import Strategy
from stampede.stores.memory import MemoryStore


class One:
    """One instance. Its origin takes `seconds` for a load, counts, and fails while `error` is set.

    Its clock is `step` seconds beside the loop's time, and what it loads lives for `ttl` seconds if that is set.

    A load asks for the keys that `asks` has for its own, after `pause_before_asking`.
    """

    def __init__(self, spec: str, store: Store, ttl: float, seed: int, owner: str) -> None:
        self.loop = asyncio.get_running_loop()
        self.store = store
        self.tasks = Tasks()
        self.seconds = 1.0
        self.value = b'"value"'
        self.version = 1
        self.ttl: float | None = None
        self.error: str | None = None
        self.asks: dict[str, list[str]] = {}
        self.pause_before_asking = 0.0
        self.on_load: Callable[[str], object] = lambda key: None
        self.begun: list[float] = []
        self.in_flight = self.peak = 0
        self.step = 0.0
        self.protection = protection(
            Strategy.parse(spec),
            store=store,
            origin=self._load,
            ttl=ttl,
            clock=self.clock,
            random=Random(seed),
            tasks=self.tasks,
            owner=owner,
        )
        self.get = self.protection.get

    async def _load(self, key: str) -> Loaded:
        loaded, error = Loaded(self.value, self.version, self.ttl), self.error
        self.begun.append(self.loop.time())
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            self.on_load(key)
            if key in self.asks:
                await asyncio.sleep(self.pause_before_asking)
            for other in self.asks.get(key, ()):
                await self.get(other)
            await asyncio.sleep(self.seconds)
        finally:
            self.in_flight -= 1
        if error is not None:
            raise LoadError(error)
        return loaded

    @property
    def loads(self) -> int:
        """How many loads have begun."""
        return len(self.begun)

    def clock(self) -> float:
        """The clock of the entries, which steps."""
        return self.loop.time() + self.step

    async def until(self, moment: float) -> None:
        """Wait until the clock shows so many seconds."""
        await asyncio.sleep(moment - self.loop.time())


@pytest.fixture
def one() -> Callable[..., One]:
    """Makes instances; without a store of its own each has an empty one. To be called on the loop."""

    def make(spec: str, ttl: float = 10.0, store: Store | None = None, seed: int = 1, owner: str = "one") -> One:
        clock = asyncio.get_running_loop().time
        return One(spec, store or MemoryStore(clock), ttl, seed, owner)

    return make


@pytest.fixture
def on_virtual_time() -> Callable[[Callable[[], Coroutine[Any, Any, None]]], None]:
    """Runs a test's coroutine on virtual time."""
    return lambda work: virtual.run(work())
