"""Functions whose answers are cached."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, get_type_hints

from stampede.core.errors import UsageError
from stampede.library.settings import Ttl
from stampede.library.templates import Template

if TYPE_CHECKING:
    from stampede.library.cache import Cache
    from stampede.library.threads import SyncCache

P = ParamSpec("P")
T = TypeVar("T")

UNTOLD: Any = object()
"""No type was given: it is the function's own word, its return annotation."""


class _Decorated:
    """What both faces share: the key of a call, and the type of its answer."""

    __name__: str
    __qualname__: str

    def __init__(
        self, cache: Any, function: Callable[..., Any], key: str, ttl: Ttl | None, type: Any, ignore: Collection[str]
    ) -> None:
        self._cache = cache
        self._function = function
        self._template = Template(key, function, ignore)
        self._ttl = ttl
        self._told = type
        self._before: tuple[Any, ...] = ()
        functools.update_wrapper(self, function)  # type: ignore[arg-type]  # any object will do

    def key(self, *arguments: Any, **named: Any) -> str:
        """The key of a call with these arguments."""
        return self._template.key(self._before + arguments, named)

    @functools.cached_property
    def _type(self) -> Any:
        """Found at the first call: what an annotation names may be defined below the function."""
        if self._told is not UNTOLD:
            return self._told
        try:
            return get_type_hints(self._function, include_extras=True).get("return")
        except NameError as error:
            name = self._function.__qualname__
            raise UsageError(f"the return annotation of {name} cannot be read ({error}): say type=…") from None

    def _bound(self, instance: object) -> Any:
        """As a method: the object takes no part in the key unless the template says so."""
        if instance is None:
            return self
        bound = object.__new__(type(self))
        bound.__dict__.update(self.__dict__, _before=(instance,))
        return bound


class Cached(_Decorated, Generic[P, T]):
    """A coroutine function whose answers are cached."""

    _cache: Cache

    def __get__(self, instance: object, owner: Any = None) -> Cached[..., T]:
        bound: Cached[..., T] = self._bound(instance)
        return bound

    async def __call__(self, *arguments: P.args, **named: P.kwargs) -> T:
        """The cached answer, or the function's. Raises what `Cache.get` raises."""
        key, function = self.key(*arguments, **named), self._function
        load: Callable[[], Awaitable[T]] = functools.partial(function, *self._before, *arguments, **named)
        answer: T = await self._cache.get(key, load, type=self._type, ttl=self._ttl)
        return answer

    async def invalidate(self, *arguments: P.args, **named: P.kwargs) -> None:
        """Forget the answer to this call. Raises what `Cache.invalidate` raises."""
        await self._cache.invalidate(self.key(*arguments, **named))


class SyncCached(_Decorated, Generic[P, T]):
    """A plain function whose answers are cached."""

    _cache: SyncCache

    def __get__(self, instance: object, owner: Any = None) -> SyncCached[..., T]:
        bound: SyncCached[..., T] = self._bound(instance)
        return bound

    def __call__(self, *arguments: P.args, **named: P.kwargs) -> T:
        """The cached answer, or the function's. Raises what `SyncCache.get` raises."""
        key, function = self.key(*arguments, **named), self._function
        load: Callable[[], T] = functools.partial(function, *self._before, *arguments, **named)
        answer: T = self._cache.get(key, load, type=self._type, ttl=self._ttl)
        return answer

    def invalidate(self, *arguments: P.args, **named: P.kwargs) -> None:
        """Forget the answer to this call. Raises what `SyncCache.invalidate` raises."""
        self._cache.invalidate(self.key(*arguments, **named))


def require_coroutine(function: Callable[..., Any], wanted: bool) -> None:
    """Raises UsageError: it is a function for the other face."""
    if inspect.iscoroutinefunction(function) is not wanted:
        name = getattr(function, "__qualname__", repr(function))
        raise UsageError(
            f"{name} is a plain function: write 'async def', or decorate it with a SyncCache"
            if wanted
            else f"{name} is a coroutine function: decorate it with a Cache"
        )
