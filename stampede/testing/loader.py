"""The database of a test: slow and counted, for callers on threads and on an event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from random import Random
from typing import Any

from stampede.origins.latency import Latency

BY_LOAD = object()
"""Stands for a value that tells the loads apart; None is a value that a cache must keep like any other."""


class Loader:
    """What a cache calls to compute a value.

    Called where an event loop runs it gives a coroutine, elsewhere it blocks; `load` and `aload` are the two by
    name, for caches that look at what kind of function they were given. All arguments are taken and ignored.
    """

    def __init__(self, latency: Latency, value: object = BY_LOAD, error: BaseException | None = None) -> None:
        self.latency = latency
        self.loads = 0
        self.in_flight = 0
        self.peak = 0
        self._value = value
        self._error = error
        self._random = Random(0)
        self._lock = threading.Lock()

    def __call__(self, *arguments: object, **named: object) -> Any:
        """The value, or where an event loop runs the coroutine that gives it."""
        __tracebackhide__ = True  # its error is the test's own: what raised it here tells nothing
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self.load()
        return self.aload()

    def load(self, *arguments: object, **named: object) -> Any:
        """Block for the latency and give the value."""
        __tracebackhide__ = True
        with self._counted() as (number, seconds):
            time.sleep(seconds)
            return self._answer(number)

    async def aload(self, *arguments: object, **named: object) -> Any:
        """Sleep for the latency and give the value."""
        __tracebackhide__ = True
        with self._counted() as (number, seconds):
            await asyncio.sleep(seconds)
            return self._answer(number)

    def watch(self) -> int:
        """Forget the peak, and tell how many loads there were so far."""
        with self._lock:
            self.peak = self.in_flight
            return self.loads

    @contextmanager
    def _counted(self) -> Iterator[tuple[int, float]]:
        with self._lock:
            self.loads += 1
            self.in_flight += 1
            self.peak = max(self.peak, self.in_flight)
            drawn = self.loads, self.latency.draw(self._random)
        try:
            yield drawn
        finally:
            with self._lock:
                self.in_flight -= 1

    def _answer(self, number: int) -> object:
        __tracebackhide__ = True
        if self._error is not None:
            raise copy(self._error)  # one shared object would collect the traceback of every load
        return f"value {number}" if self._value is BY_LOAD else self._value
