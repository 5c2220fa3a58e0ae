"""What a request brings along: its loader, how its value is written, how long it lives.

It travels in the context. A load is a task that was begun, perhaps over some others, by a request, and a task has a
copy of the context of whoever began it; so has a reload behind the caller's back. Nothing has to be registered, and
nothing is left behind.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, NamedTuple

from stampede.core.clock import loop_time
from stampede.core.errors import LoadError
from stampede.core.model import Loaded
from stampede.library.codecs import UNFIT, Coder
from stampede.library.metrics import Events

Load = Callable[[str], Awaitable[Any]]
"""Computes the value of a key."""


class Asked(NamedTuple):
    """How one request wants a missing key loaded, how its value is written, and how long it lives if it says so."""

    load: Load
    coder: Coder
    ttl: float | None = None


asked: ContextVar[Asked | None] = ContextVar("asked", default=None)


class LoaderRaised(LoadError):
    """A loader raised. Those who waited in its own process can see what: it is this error's `__cause__`, too."""

    def __init__(self, message: str, raised: BaseException) -> None:
        super().__init__(message)
        self.raised = raised

    def again(self) -> LoaderRaised:
        return type(self)(str(self), self.raised)


class Origin:
    """What a cache protects: whatever the requests' own loaders reach."""

    def __init__(self, events: Events) -> None:
        self._events = events

    async def load(self, key: str) -> Loaded:
        """The key's value, by the loader of the request that this load is made for. Raises LoadError."""
        wanted = asked.get()
        if wanted is None:
            raise LoadError(f"nobody has said how {key!r} is loaded")
        begun, failed = loop_time(), True
        try:
            loaded = Loaded(_written(wanted.coder, key, await _value(wanted.load, key)), 0, wanted.ttl)
            failed = False
        finally:
            self._events.loaded(key, loop_time() - begun, failed)
        return loaded


async def _value(load: Load, key: str) -> Any:
    """Raises LoadError, whatever the loader raises: of any other error a protection could not tell whose it is."""
    try:
        loading = load(key)
        if not hasattr(loading, "__await__"):
            what = f"the loader of {key!r} is a plain function"
            raise LoadError(f"{what}: write 'async def', or use SyncCache, which has threads for those")
        return await loading
    except LoadError:
        raise
    except Exception as error:
        raise LoaderRaised(
            f"{type(error).__name__}: {error}" if str(error) else type(error).__name__, error
        ) from error


def _written(coder: Coder, key: str, value: Any) -> bytes:
    try:
        return coder.checked(value)
    except UNFIT as error:
        raise LoaderRaised(f"what was loaded for {key!r} cannot be cached: {error}", error) from error
