"""What a test says: give me a loader, fire a burst."""

from __future__ import annotations

import asyncio
import inspect
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

from stampede.core.errors import UsageError
from stampede.core.units import Duration
from stampede.origins.latency import Latency
from stampede.testing import SmearedBurst
from stampede.testing.burst import Burst
from stampede.testing.callers import Call, is_async, on_tasks, on_threads
from stampede.testing.loader import BY_LOAD, Loader
from stampede.testing.parsing import parsed


class Stampede:
    """The fixture: it knows the loaders that it made, so a burst knows what reached them."""

    def __init__(self) -> None:
        self._loaders: list[Loader] = []
        self._before = 0

    def loader(self, latency: str = "50ms", *, value: object = BY_LOAD, error: BaseException | None = None) -> Loader:
        """A counted, slow loader for your cache to call, on threads or on an event loop.

        It gives `value`, or "value 1", "value 2", … by load, or raises `error`. The latency is written `50ms` or
        `lognormal(median=50ms, sigma=0.5)`. Raises UsageError.
        """
        __tracebackhide__ = True
        loader = Loader(parsed(Latency.parse, latency), value, error)
        self._loaders.append(loader)
        return loader

    def burst(self, call: Callable[[], Any], concurrency: int = 100, *, patience: str = "30s") -> Burst:
        """Fire `call` from as many callers at one instant: threads, or tasks of an own loop if it gives coroutines.

        A caller without an answer after `patience` counts as an error.

        Raises:
            UsageError: no loader was made, fewer than 2 callers, or coroutines while a loop runs already (`aburst`).
        """
        __tracebackhide__ = True
        limit = self._begin(concurrency, patience)
        if not is_async(call):
            done = on_threads(call, concurrency, limit)
            if not any(inspect.isawaitable(each.answer) for each in done):
                return self._end(done)
            # `lambda: cache.get(…)` of an async cache: these are coroutines of which nothing has run yet.
            _discard(done)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._end(asyncio.run(on_tasks(call, concurrency, limit)))
        raise UsageError("an event loop runs already: write `await stampede.aburst(…)` in an async test")

    async def aburst(
        self, call: Callable[[], Awaitable[Any]], concurrency: int = 100, *, patience: str = "30s"
    ) -> Burst:
        """Await `call` in as many tasks of the running loop at one instant; otherwise like `burst`.

        Raises:
            UsageError: no loader was made, or fewer than 2 callers.
        """
        __tracebackhide__ = True
        limit = self._begin(concurrency, patience)
        return self._end(await on_tasks(call, concurrency, limit))

    def _begin(self, concurrency: int, patience: str) -> float:
        __tracebackhide__ = True
        if not self._loaders:
            raise UsageError("nothing counts the loads: have your cache call a `stampede.loader()`, made before")
        if concurrency < 2:
            raise UsageError(f"a burst of {concurrency} is none: use a concurrency of 2 or more")
        self._before = sum(loader.watch() for loader in self._loaders)
        return parsed(Duration.parse, patience)

    def _end(self, calls: list[Call]) -> Burst:
        loads = sum(loader.loads for loader in self._loaders) - self._before
        peak = sum(loader.peak for loader in self._loaders)
        burst = Burst(calls, loads, peak, min(loader.latency.median for loader in self._loaders))
        for warning in burst.warnings:
            warnings.warn(f"{warning}: fewer callers or a slower loader help", SmearedBurst, stacklevel=3)
        return burst


def _discard(calls: list[Call]) -> None:
    for call in calls:
        if inspect.iscoroutine(call.answer):
            call.answer.close()
