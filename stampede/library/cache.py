"""A cache for an application's own code, on an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Collection, Coroutine, Generator, Iterable, Mapping
from contextvars import Context
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from stampede.core.clock import loop_time
from stampede.core.errors import LoadError, RedisUnavailable, RequestError, StampedeError, UsageError
from stampede.core.model import Answer, Role
from stampede.core.tasks import Flights, Tasks
from stampede.library.asked import Asked, Load, LoaderRaised, Origin, asked
from stampede.library.batch import Batch
from stampede.library.codecs import JSON, UNFIT, Codec
from stampede.library.decorated import UNTOLD, Cached, require_coroutine
from stampede.library.metrics import Answered, Counts, Events, Hook
from stampede.library.opened import Opened
from stampede.library.reading import Reader
from stampede.library.settings import Settings, Ttl, seconds
from stampede.library.telemetry import observe
from stampede.protection.counters import Counters

T = TypeVar("T")
P = ParamSpec("P")

AGAIN_AFTER_S = 1.0
"""Between two tries to reach a Redis that was not there at the start."""


class Cache:
    """A protected cache: `await cache.get(key, load)` answers with what is cached, or with what `load` gives.

    Made by `Cache.connect`; it connects when it is awaited or entered, or at the first request, and belongs to the
    event loop on which that happened until it is closed.

    Entries carry wall-clock stamps, so that a value written on one machine is judged rightly on another. By as much
    as two machines' clocks differ, a value may be taken for stale or expired too early or too late; never for
    longer than Redis keeps it, which measures that by its own clock. Keep clocks together by NTP, and the
    difference well below the time to live: on a clock that is ahead by all of it, every value of the others has
    expired.
    """

    def __init__(self, settings: Settings, hooks: Iterable[Hook] = ()) -> None:
        self._settings = settings
        self._events = Events(hooks)
        self._events.took = observe(self)
        self._counted = Counters()
        self._opened: Opened | None = None
        self._opening: asyncio.Task[Opened] | None = None
        self._closed = False
        self._tasks = Tasks()
        self._mending: Flights[None] = Flights(self._tasks)
        self._reader = Reader()

    @classmethod
    def connect(
        cls,
        url: str,
        spec: str = "two-level",
        *,
        ttl: Ttl,
        namespace: str = "cache",
        codec: Codec = JSON,
        hooks: Iterable[Hook] = (),
        scheduled: Mapping[str, Callable[[], Awaitable[Any]]] | None = None,
        required: bool = True,
    ) -> Self:
        """A cache at a Redis or Valkey, or of this process alone (`memory://`), protected by a strategy.

        Args:
            url: `redis://HOST:PORT/DB`, `rediss://…`, `unix:///PATH`, or `memory://`.
            spec: the strategy, as `stampede explain` tells of it, such as `swr(grace=5s)+two-level+fail-safe`. The
                choice `store` is added where it is not named: a Redis that says nothing for 100 ms has failed, and
                after as long again it is not asked for 1 s.
            ttl: how long a value lives: seconds, `30s`, or a timedelta.
            namespace: begins the names of all keys in Redis; who shares it shares the values.
            codec: `JSON`, `MSGPACK` or `BYTES`.
            hooks: are called with every event: see `stampede.library.metrics`.
            required: connecting fails without Redis. If not, the cache goes on as its strategy does without it
                (`two-level` loads once for all who ask at the same time), and connects as soon as it is there.
            scheduled: for the strategy `scheduled`, the keys that it loads, each with its loader.

        Raises:
            UsageError: one of these cannot be meant. Nothing is connected yet.
        """
        return cls(Settings.parse(url, spec, ttl, namespace, codec, scheduled, required), hooks)

    # -- its life ----------------------------------------------------------------------------------------------

    async def open(self) -> Self:
        """Connect, if that was not done before, or again. Raises RedisUnavailable, StoreError."""
        self._closed = False
        await self._open()
        return self

    def __await__(self) -> Generator[Any, Any, Self]:
        return self.open().__await__()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _open(self) -> Opened:
        """What is open on this loop; opened once for all who ask at the same time."""
        if self._closed:
            raise UsageError("this cache is closed: open() it again, or make another")
        opened = self._opened
        if opened is not None and opened.loop is not asyncio.get_running_loop():
            if not opened.loop.is_closed():
                raise UsageError("this cache is open on another event loop: close it there first, or use SyncCache")
            opened = self._opened = None  # its connections have gone with the loop
        if opened is None:
            # In a context of its own: what runs until the end shall not keep what one request has in its own.
            self._opening = self._opening or Context().run(self._tasks.spawn, self._connect())
            opened = await asyncio.shield(self._opening)
        return opened

    async def _connect(self) -> Opened:
        origin = Origin(self._events)
        try:
            self._opened = await Opened.open(self._settings, origin)
        except RedisUnavailable as error:
            if self._settings.required:
                raise
            self._opened = Opened.without_store(self._settings, origin, str(error))
            self._tasks.keep(self._connect_later(self._opened, origin))
        finally:
            self._opening = None
        return self._opened

    async def _connect_later(self, away: Opened, origin: Origin) -> None:
        while self._opened is away:
            await asyncio.sleep(AGAIN_AFTER_S)
            with contextlib.suppress(StampedeError):
                self._opened = await Opened.open(self._settings, origin)
        self._counted += away.protection.cache.counters
        self._tasks.spawn(away.close(math.inf))  # what is being loaded there has callers

    async def close(self, within: float = 5.0) -> None:
        """Wait for loads under way, at most so many seconds, and leave no task and no connection behind."""
        self._closed = True
        await self._tasks.settle(within)
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.close(within)
            self._counted += opened.protection.cache.counters

    # -- requests ----------------------------------------------------------------------------------------------

    async def get(self, key: str, load: Callable[[], Awaitable[T]], *, type: Any = None, ttl: Ttl | None = None) -> T:
        """The cached value, or what `load` gives. It is called at most as often as the strategy says.

        Args:
            key: the name of the value.
            load: computes it; it sees the context variables of the request that it is made for.
            type: what to make of the cached value, where the codec alone could not tell: a msgspec.Struct, a
                dataclass, `list[User]`. Without it a value must come back from the codec equal to what was loaded.
            ttl: how long this value lives, if not as long as the cache's others.

        Raises:
            LoadError: the load failed; where it ran in this process, the loader's own exception is its `__cause__`.
            StoreError: Redis failed, and the strategy cannot do without.
            UsageError: the cache is closed, or the type cannot be cached.
        """
        value: T = await self._get(key, self._asked(lambda key: load(), type, ttl))
        return value

    async def get_many(
        self,
        keys: Iterable[str],
        load_many: Callable[[list[str]], Awaitable[Mapping[str, T]]],
        *,
        type: Any = None,
        ttl: Ttl | None = None,
    ) -> dict[str, T]:
        """The values of many keys, in their order; what is missing is loaded together.

        The questions for all keys travel to Redis together. `load_many` is called with those that this process has
        to load: once for all that are found missing at the same time. Keys that others load meanwhile are not among
        them, and if such a load fails, say, there is a further call.

        Raises:
            LoadError: one of the loads failed, or gave no value for a key that it was asked for. The others were
            kept. StoreError, UsageError: as from `get`.
        """
        unique = list(dict.fromkeys(keys))
        batch = Batch(load_many)
        wanted = self._asked(batch.load, type, ttl)
        asking = (self._get(key, wanted) for key in unique)
        values: list[Any] = await asyncio.gather(*asking, return_exceptions=True)
        for value in values:
            if isinstance(value, BaseException):
                raise value
        return dict(zip(unique, values, strict=True))

    async def invalidate(self, *keys: str) -> None:
        """Forget values, in all processes: who asks after this has returned gets nothing older.

        Raises:
            StoreError: Redis failed, and it is not known whether they are forgotten: try again.
        """
        opened = await self._on_this_loop()
        await asyncio.gather(*map(opened.protection.invalidate, keys))
        for key in keys:
            self._events.invalidated(key)

    def cached(
        self, key: str, *, ttl: Ttl | None = None, type: Any = UNTOLD, ignore: Collection[str] = ()
    ) -> Callable[[Callable[P, Coroutine[Any, Any, T]]], Cached[P, T]]:
        """Have the answers of a coroutine function, or method, cached.

        Args:
            key: the name of an answer, with the function's parameters in braces: `user:{user_id}`.
            ttl: how long an answer lives, if not as long as the cache's others.
            type: of an answer; without it the function's return annotation says it.
            ignore: parameters that an answer does not depend on, such as a connection; the others have to be in the
            key.

        Raises:
            UsageError: the key does not fit the function.
        """

        def decorate(function: Callable[P, Coroutine[Any, Any, T]]) -> Cached[P, T]:
            require_coroutine(function, True)
            return Cached(self, function, key, ttl, type, ignore)

        return decorate

    @property
    def namespace(self) -> str:
        """What the names of its keys begin with."""
        return self._settings.namespace

    @property
    def counts(self) -> Counts:
        """What was counted so far in this process."""
        now = self._opened.protection.cache.counters if self._opened else Counters()
        return self._events.counts(self._counted + now)

    # -- within ------------------------------------------------------------------------------------------------

    def _asked(self, load: Load, type: Any, ttl: Ttl | None) -> Asked:
        return Asked(load, self._settings.codec.of(type), None if ttl is None else seconds(ttl))

    async def _on_this_loop(self) -> Opened:
        opened = self._opened
        if opened is not None and opened.loop is asyncio.get_running_loop():
            return opened
        return await self._open()

    async def _get(self, key: str, wanted: Asked) -> Any:
        if not isinstance(key, str):  # the store would refuse it, and every request load
            raise UsageError(f"a key is text, not {key!r}: write str(…), or decorate a function, which makes keys")
        answer = await self._answer(key, wanted)
        try:
            return self._reader.value(wanted.coder, answer.entry)
        except UNFIT:
            await self._mend(key)
        answer = await self._answer(key, wanted)
        try:
            return self._reader.value(wanted.coder, answer.entry)
        except UNFIT as error:
            raise LoadError(
                f"what others keep under {key!r} is of another type ({error}): use another key or namespace"
            ) from None

    async def _answer(self, key: str, wanted: Asked) -> Answer:
        """Ask the protection, with the request's loader in the context, and count how that ends."""
        protection = (await self._on_this_loop()).protection
        begun = loop_time()
        before = asked.get()
        asked.set(wanted)
        try:
            answer = await protection.get(key)
        except RequestError as error:
            self._events.answered(Role.ERROR)
            if self._events.wanted:
                self._events.tell(Answered(key, loop_time() - begun, None, error))
            raise error from (error.raised if isinstance(error, LoaderRaised) else None)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise
            raise LoadError("the cache was closed before the load had ended") from None
        finally:
            asked.set(before)
        self._events.answered(answer.role)
        if self._events.wanted:
            self._events.tell(Answered(key, loop_time() - begun, answer.role))
        return answer

    async def _mend(self, key: str) -> None:
        """Forget what cannot be read, once for all who found it: a program with other types has written it."""
        mending = self._mending.current(key) or self._mending.start(key, lambda key, boarding: self._forget(key))
        await mending.join()

    async def _forget(self, key: str) -> None:
        await (await self._on_this_loop()).protection.invalidate(key)
