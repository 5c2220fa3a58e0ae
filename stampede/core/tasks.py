"""Background work that outlives the request that started it, and is never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from stampede.core.errors import RequestError

T = TypeVar("T")


class Tasks:
    """Spawns tasks, holds them (the loop itself keeps weak references only), and ends them at the end."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def spawn(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task that goes on when its starter is cancelled."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved here, because all who waited for it may have been cancelled

    async def settle(self, timeout: float) -> int:
        """Wait for what runs; cancel what is left after `timeout` seconds. Returns how many were cancelled."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=timeout)
        late = set(self._running)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
        return len(late)


class Flights:
    """In-process single-flight: one load in progress per key, shared by all who ask meanwhile.

    The flight is a task of its own, so cancelling its first caller (or any other) harms nobody else.
    Source: golang.org/x/sync/singleflight; promises 1–6 and 10 of the conformance list.
    """

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._flights: dict[str, asyncio.Task[Any]] = {}

    def current(self, key: str) -> asyncio.Task[Any] | None:
        """The key's flight, if one is under way."""
        return self._flights.get(key)

    def start(self, key: str, load: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start the key's flight; it leaves the map the moment it ends, however it ends."""
        task = self._tasks.spawn(load)
        self._flights[key] = task
        task.add_done_callback(lambda _: self._flights.pop(key, None))
        return task

    @staticmethod
    async def join(flight: asyncio.Task[T]) -> T:
        """Wait for a flight without holding its fate. Raises what the flight raised."""
        try:
            return await asyncio.shield(flight)
        except RequestError as error:
            raise error.again() from error
