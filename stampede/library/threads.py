"""A cache for threads: the same cache on an event loop behind the scenes, one loop for the whole process."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar, overload

from stampede.core.errors import UsageError
from stampede.library.background import Background, background
from stampede.library.cache import Cache
from stampede.library.caller import Caller
from stampede.library.codecs import JSON, Codec
from stampede.library.decorated import UNTOLD, SyncCached, require_coroutine
from stampede.library.metrics import Counts, Hook
from stampede.library.settings import Settings, Ttl

T = TypeVar("T")
P = ParamSpec("P")


class SyncCache:
    """What `Cache` is to coroutines, to the threads of Django, Flask and others: they share its flights.

    It connects at the first request. It may be made before a fork (`gunicorn --preload`): each process connects by
    itself. At the end of the process it is closed, if it was not before.

    A loader runs on the thread of its caller, and sees its connections and its context variables. One that goes on
    behind a caller's back (a reload by `swr`, or under `timeouts`, which may not wait for it) has a thread of its
    own.
    """

    def __init__(self, settings: Settings, hooks: Iterable[Hook] = ()) -> None:
        self._settings = settings
        self._hooks = tuple(hooks)
        # A load cannot be taken off a thread: where a caller has to have an answer in time, it must not be the
        # caller's.
        self._stays = all(call.name != "timeouts" for call in settings.strategy.resilience)
        self._here: tuple[Background, Cache] | None = None

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
        scheduled: Mapping[str, Callable[[], Any]] | None = None,
        required: bool = True,
    ) -> Self:
        """A cache, as by `Cache.connect`; hooks are called on the thread of the event loop.

        Raises:
            UsageError: one of these cannot be meant. Nothing is connected yet.
        """
        loaders = {key: _behind(load) for key, load in (scheduled or {}).items()}
        return cls(Settings.parse(url, spec, ttl, namespace, codec, loaders, required), hooks)

    def open(self) -> Self:
        """Connect, if that was not done before, or again. Raises RedisUnavailable, StoreError."""
        loop, cache = self._on_loop()
        loop.at_end[self] = cache.close
        loop.run(cache.open())
        return self

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self, within: float = 5.0) -> None:
        """Wait for loads under way, at most so many seconds, and leave no connection behind."""
        here = self._here
        if here is not None and here[0] is background():
            here[0].at_end.pop(self, None)
            here[0].run(here[1].close(within))

    def _on_loop(self) -> tuple[Background, Cache]:
        """The process's loop, and the cache on it."""
        loop = background()
        if loop.is_here():
            raise UsageError("a SyncCache cannot be waited for on its own event loop: use plain functions as loaders")
        here = self._here
        if here is None or here[0] is not loop:
            with loop.lock:
                here = self._here
                if here is None or here[0] is not loop:
                    here = self._here = loop, Cache(self._settings, self._hooks)
                    loop.at_end[self] = here[1].close
        return here

    # -- requests ----------------------------------------------------------------------------------------------

    @overload
    def get(
        self, key: str, load: Callable[[], Coroutine[Any, Any, T]], *, type: Any = None, ttl: Ttl | None = None
    ) -> T: ...

    @overload
    def get(self, key: str, load: Callable[[], T], *, type: Any = None, ttl: Ttl | None = None) -> T: ...

    def get(self, key: str, load: Callable[[], Any], *, type: Any = None, ttl: Ttl | None = None) -> Any:
        """The cached value, or what `load` gives; see `Cache.get`. A loader that is a coroutine function is awaited.

        Raises LoadError, StoreError, RedisUnavailable, UsageError.
        """
        loop, cache = self._on_loop()
        caller = Caller(loop, self._stays)
        return caller.wait_for(cache.get(key, _on_a_thread(caller, load), type=type, ttl=ttl))

    def get_many(
        self,
        keys: Iterable[str],
        load_many: Callable[[list[str]], Mapping[str, T]],
        *,
        type: Any = None,
        ttl: Ttl | None = None,
    ) -> dict[str, T]:
        """The values of many keys; see `Cache.get_many`.

        Raises LoadError, StoreError, RedisUnavailable, UsageError.
        """
        loop, cache = self._on_loop()
        caller = Caller(loop, self._stays)

        async def load(missing: list[str]) -> Mapping[str, T]:
            return await caller.call(functools.partial(load_many, missing))

        return caller.wait_for(cache.get_many(keys, load, type=type, ttl=ttl))

    def invalidate(self, *keys: str) -> None:
        """Forget values, in all processes; see `Cache.invalidate`. Raises StoreError."""
        loop, cache = self._on_loop()
        loop.run(cache.invalidate(*keys))

    def cached(
        self, key: str, *, ttl: Ttl | None = None, type: Any = UNTOLD, ignore: Collection[str] = ()
    ) -> Callable[[Callable[P, T]], SyncCached[P, T]]:
        """Have the answers of a function cached; see `Cache.cached`. Raises UsageError."""

        def decorate(function: Callable[P, T]) -> SyncCached[P, T]:
            require_coroutine(function, False)
            return SyncCached(self, function, key, ttl, type, ignore)

        return decorate

    @property
    def counts(self) -> Counts:
        """What was counted so far in this process."""
        here = self._here
        return here[1].counts if here is not None and here[0] is background() else Counts()


def _on_a_thread(caller: Caller, load: Callable[[], Any]) -> Callable[[], Awaitable[Any]]:
    async def called() -> Any:
        if not inspect.iscoroutinefunction(load):
            return await caller.call(load)
        try:
            return await load()
        except (SystemExit, KeyboardInterrupt) as error:  # it would end the loop, which is everybody's
            raise RuntimeError(f"ended by {type(error).__name__}") from error

    return called


def _behind(load: Callable[[], Any]) -> Callable[[], Awaitable[Any]]:
    async def called() -> Any:
        return await _on_a_thread(Caller(background(), stays=False), load)()

    return called
