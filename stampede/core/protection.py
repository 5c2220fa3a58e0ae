"""What a protection is made of, and the way of one request through it.

A protection is a product of choices: *freshness* judges what was read and says how long it lives, *coalescing*
decides who may load, *resilience* changes what a load does when it is slow or fails.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import NamedTuple

from stampede.core.errors import StoreError
from stampede.core.model import Answer, Entry, Loaded, Role, Tell
from stampede.core.ports import Clock, Store
from stampede.core.tasks import Tasks

Load = Callable[[str], Awaitable[Loaded]]


class Verdict(Enum):
    """What freshness says of a value that was found."""

    FRESH = "serve it"
    EARLY = "serve it, but this caller volunteers to reload it first"
    STALE = "serve it, and have it reloaded behind the caller's back"
    EXPIRED = "it is as good as missing"


class Lifetime(NamedTuple):
    """How long a new value lives, in seconds: until it is stale, and until Redis forgets it."""

    stale_after: float
    forgotten_after: float


class Freshness:
    """When to reload. Subclasses are the files in `stampede/freshness/`."""

    def lifetime(self, ttl: float, random: Random) -> Lifetime:
        """The lifetime of a value loaded now."""
        raise NotImplementedError

    def judge(self, entry: Entry, now: float, random: Random) -> Verdict:
        """What to do with a value that was found in the cache."""
        raise NotImplementedError


@dataclass
class Metrics:
    """What a protection counts beside its answers."""

    loads: int = 0
    load_errors: int = 0
    fenced_fills: int = 0
    store_errors: int = 0


@dataclass
class Cache:
    """What a coalescing choice works with: one instance's view of the shared cache.

    `owner` makes tokens unique over instances and their restarts.
    """

    store: Store
    origin: Load
    freshness: Freshness
    ttl: float
    clock: Clock
    random: Random
    tasks: Tasks
    owner: str
    metrics: Metrics = field(default_factory=Metrics)
    _serial: itertools.count[int] = field(default_factory=itertools.count)

    def token(self) -> str:
        """A token that no other load in the fleet has or will have."""
        return f"{self.owner}-{next(self._serial)}"

    def judge(self, entry: Entry | None) -> Verdict:
        """Freshness's word on what was read; nothing at all is as good as expired."""
        if entry is None:
            return Verdict.EXPIRED
        return self.freshness.judge(entry, self.clock(), self.random)

    async def load(self, key: str) -> Entry:
        """One load at the origin. Raises LoadError."""
        begun = self.clock()
        self.metrics.loads += 1
        try:
            loaded = await self.origin(key)
        except Exception:
            self.metrics.load_errors += 1
            raise
        now = self.clock()
        stale_at = now + self.freshness.lifetime(self.ttl, self.random).stale_after
        return Entry(loaded.value, loaded.version, now, stale_at, now - begun)

    def remaining(self, entry: Entry) -> float:
        """Seconds for which Redis shall keep an entry that is written now."""
        life = self.freshness.lifetime(self.ttl, self.random)
        return max(0.001, entry.stale_at - self.clock() + life.forgotten_after - life.stale_after)

    async def load_and_put(self, key: str) -> Entry:
        """Load, and write without a guard. A store that fails now costs the callers nothing."""
        entry = await self.load(key)
        try:
            await self.store.put(key, entry, self.remaining(entry))
        except StoreError:
            self.metrics.store_errors += 1
        return entry

    async def load_under_lease(self, key: str, token: str, lease: float, tell: Tell, keep: float) -> Entry:
        """Load while renewing the lease, then fill with the token as the fence.

        The renewals (every third of the lease) end with this process, so a dead holder is followed within one
        lease. A holder that lost its lease all the same still answers its own callers; its fill is fenced off.
        A failure releases the guard and tells the watchers; pollers find a note of it for `keep` seconds.
        """
        load = asyncio.ensure_future(self.load(key))
        try:
            while not (await asyncio.wait([load], timeout=lease / 3))[0]:
                await self._quietly(self.store.renew(key, token, lease))
            entry = load.result()
        except asyncio.CancelledError:
            load.cancel()
            await self._quietly(self.store.drop(key, token))
            raise
        except Exception as error:
            await self._quietly(self.store.fail(key, token, str(error), keep, tell))
            raise
        if await self._quietly(self.store.fill(key, token, entry, self.remaining(entry), tell)) is False:
            self.metrics.fenced_fills += 1
        return entry

    async def _quietly(self, step: Awaitable[bool]) -> bool | None:
        """A step of the store that must not cost a caller its answer; None if it failed."""
        try:
            return await step
        except StoreError:
            self.metrics.store_errors += 1
            return None


@dataclass
class Coalescing:
    """Who may load. Subclasses are the files in `stampede/coalescing/`.

    `get` is the common way: read, and turn to `load` if nothing usable was found. A choice that coalesces
    before the read overrides `get` too.
    """

    cache: Cache

    async def get(self, key: str) -> Answer:
        """Answer one caller. Raises LoadError or StoreError."""
        entry = await self.cache.store.get(key)
        if entry is not None and self.cache.judge(entry) is Verdict.FRESH:
            return Answer(entry, Role.HIT)
        return await self.load(key)

    async def load(self, key: str) -> Answer:
        """The key is missing: load it, or wait for whoever does."""
        raise NotImplementedError
