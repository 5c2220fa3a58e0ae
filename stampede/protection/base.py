"""What a protection is made of, and the way of one request through it.

A protection is a product of choices: *freshness* judges what was read and says how long it lives, *coalescing*
decides who may load, *resilience* changes what a load does when it is slow or fails, *locality* where to look first.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Any, ClassVar, NamedTuple

from stampede.core.errors import RequestError, StoreError
from stampede.core.model import Answer, Entry, Loaded, Notify, Role
from stampede.core.ports import Clock, Store
from stampede.core.tasks import Tasks
from stampede.protection.counters import Counters

Get = Callable[[str], Awaitable[Answer]]
Origin = Callable[[str], Awaitable[Loaded]]
Loader = Callable[[str], Awaitable[Entry]]


class Action(Enum):
    """What freshness says of a value that was found."""

    FRESH = "serve it"
    EARLY = "this caller volunteers to reload it, and serves it if another one already does"
    BEHIND = "serve it, and have it reloaded behind the caller's back"
    EXPIRED = "it is as good as missing"


class Lifetime(NamedTuple):
    """How long a new value lives, in seconds: until it is stale, and until it is as good as missing."""

    stale_after: float
    expires_after: float


class Choice:
    """What the choices of all families have in common. `excludes`: choices that it cannot go with, and why."""

    excludes: ClassVar[dict[str, str]] = {}

    async def begin(self, cache: Cache, keys: Sequence[str]) -> None:
        """Called in every instance before the first request; background work goes to `cache.tasks.keep`."""


class Freshness(Choice):
    """When to reload. Subclasses are the files in `stampede/protection/freshness/`."""

    def lifetime(self, ttl: float, random: Random) -> Lifetime:
        """The lifetime of a value loaded now."""
        raise NotImplementedError

    def judge(self, entry: Entry, now: float, random: Random) -> Action:
        """What to do with a value that was found and has not expired."""
        raise NotImplementedError


class Wrapper(Choice):
    """A choice that lies around loads or around requests: the files in `resilience/` and `locality/` here.

    `rank` orders several: the higher lies around the lower.
    """

    rank: ClassVar[int] = 0

    def retention(self) -> float:
        """Seconds for which a value is kept in the store after it has expired."""
        return 0.0

    def around_load(self, load: Loader, cache: Cache) -> Loader:
        """The load with this choice around it; one per instance."""
        return load

    def around_get(self, get: Get, cache: Cache) -> Get:
        """The way of a request with this choice around it; one per instance."""
        return get


@dataclass
class Cache:
    """What a coalescing choice works with: one instance's view of the shared cache.

    `owner` makes tokens unique over instances and their restarts.
    """

    store: Store
    origin: Origin
    freshness: Freshness
    wrappers: Sequence[Wrapper]
    ttl: float
    clock: Clock
    random: Random
    tasks: Tasks
    owner: str
    counters: Counters = field(default_factory=Counters)
    _serial: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._retention = max((choice.retention() for choice in self.wrappers), default=0.0)
        self._loader: Loader = self._load_once
        for choice in self.wrappers:
            self._loader = choice.around_load(self._loader, self)

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
        return Action.FRESH if entry.kept else self.freshness.judge(entry, now, self.random)

    def usable(self, entry: Entry | None) -> bool:
        """Whether a value can be served to somebody who has already waited."""
        return entry is not None and self.clock() < entry.expires_at

    async def load(self, key: str) -> Entry:
        """One load, with all resilience around it. Raises LoadError."""
        return await self._loader(key)

    async def _load_once(self, key: str) -> Entry:
        begun = self.clock()
        self.counters.loads += 1
        loaded = await self.origin(key)
        now = self.clock()
        life = self.freshness.lifetime(self.ttl, self.random)
        return Entry(loaded.value, loaded.version, now, now + life.stale_after, now + life.expires_after, now - begun)

    def remaining(self, entry: Entry) -> float:
        """Seconds for which the store shall keep an entry that is written now."""
        return max(0.001, entry.expires_at - self.clock() + self._retention)

    async def load_and_put(self, key: str) -> Entry:
        """Load, and write without a guard. A store that fails now costs the callers nothing."""
        entry = await self.load(key)
        try:
            await self.store.put(key, entry, self.remaining(entry))
        except StoreError:
            self.counters.store_errors += 1
        return entry

    async def load_under_lease(self, key: str, token: str, lease: float, notify: Notify, keep: float) -> Entry:
        """Load while renewing the lease, then fill with the token as the fence.

        The renewals (every third of the lease) end with this process, so a dead holder is followed within one
        lease. A holder that lost its lease all the same still answers its own callers; its fill is fenced off.
        A failure releases the guard and tells the watchers; pollers find a note of it for `keep` seconds.
        """
        store = self.store
        try:
            entry = await self.keeping(self.load(key), lease, lambda: store.renew(key, token, lease))
        except asyncio.CancelledError:
            await self.quietly(store.drop(key, token))
            raise
        except Exception as error:
            await self.quietly(store.fail(key, token, str(error), keep, notify))
            raise
        if await self.quietly(store.fill(key, token, entry, self.remaining(entry), notify)) is False:
            self.counters.fenced_fills += 1
        return entry

    async def keeping(
        self, load: Coroutine[Any, Any, Entry], lease: float, renew: Callable[[], Awaitable[bool]]
    ) -> Entry:
        """Run the load, renewing every third of the lease. Raises what the load raises."""
        task = asyncio.ensure_future(load)
        try:
            while not (await asyncio.wait([task], timeout=lease / 3))[0]:
                await self.quietly(renew())
        except asyncio.CancelledError:
            task.cancel()
            raise
        return task.result()

    async def quietly(self, step: Awaitable[bool]) -> bool | None:
        """A step of the store that must not cost a caller its answer; None if it failed."""
        try:
            return await step
        except StoreError:
            self.counters.store_errors += 1
            return None


@dataclass
class Coalescing(Choice):
    """Who may load. Subclasses are the files in `stampede/protection/coalescing/`.

    `get` is the common way of a request. A choice says how a missing key is loaded (`load`) and how a value that is
    still there is reloaded (`reload`); one that coalesces before the read overrides `get` too.
    """

    cache: Cache

    async def get(self, key: str) -> Answer:
        """Answer one caller. Raises LoadError or StoreError."""
        entry = await self.cache.store.get(key)
        return await self.serve(key, entry) or await self.load(key)

    async def serve(self, key: str, entry: Entry | None) -> Answer | None:
        """Answer with what was read, reloading it as freshness wants it. None: it is missing."""
        verdict = self.cache.judge(entry)
        if entry is None or verdict is Action.EXPIRED:
            return None
        if verdict is Action.FRESH:
            return Answer(entry, Role.STALE if entry.kept else Role.HIT)
        if verdict is Action.EARLY:
            return await self._volunteer(key) or Answer(entry, Role.HIT)
        self.cache.tasks.spawn(self.reload(key))
        return Answer(entry, Role.STALE if self.cache.clock() >= entry.stale_at else Role.HIT)

    async def _volunteer(self, key: str) -> Answer | None:
        """Reload early. Who does not get the right to load ducks out, and whose load fails has lost nothing yet."""
        try:
            answer = await self.reload(key)
        except RequestError:
            return None
        return Answer(answer.entry, Role.VOLUNTEER) if answer and answer.role is Role.LEADER else answer

    async def load(self, key: str) -> Answer:
        """The key is missing: load it, or wait for whoever does."""
        raise NotImplementedError

    async def reload(self, key: str) -> Answer | None:
        """The key is there and shall be renewed: load it, or return None if another one already does."""
        raise NotImplementedError

    @contextmanager
    def giving_back(self, key: str, token: str) -> Iterator[None]:
        """Around the steps that may take the guard: who is cancelled or fails among them must not leave it taken."""
        try:
            yield
        except (asyncio.CancelledError, StoreError):
            self.cache.tasks.spawn(self._give_back(key, token))
            raise

    async def _give_back(self, key: str, token: str) -> None:
        # The step that takes the guard may still be on its way, on another connection: so try twice.
        for pause in (0.0, 0.1):
            await asyncio.sleep(pause)
            if await self.cache.quietly(self.cache.store.drop(key, token)):
                return

    async def reload_under_lease(self, key: str, lease: float, notify: Notify) -> Answer | None:
        """Reload for choices with a guard: only its holder loads, and only if nobody was quicker."""
        cache, token = self.cache, self.cache.token()
        with self.giving_back(key, token):
            if await cache.store.add(key, token, lease) != token:
                return None
        return await asyncio.shield(cache.tasks.spawn(self._reload_as_holder(key, token, lease, notify)))

    async def _reload_as_holder(self, key: str, token: str, lease: float, notify: Notify) -> Answer:
        with self.giving_back(key, token):
            entry = await self.cache.store.get(key)
        if entry is not None and self.cache.judge(entry) is Action.FRESH:
            await self.cache.quietly(self.cache.store.drop(key, token))
            return Answer(entry, Role.HIT)
        return Answer(await self.cache.load_under_lease(key, token, lease, notify, keep=0), Role.LEADER)

    async def invalidate(self, key: str) -> None:
        """Forget the value, wherever it is; a load in progress can no longer publish it. Raises StoreError."""
        await self.cache.store.delete(key)
