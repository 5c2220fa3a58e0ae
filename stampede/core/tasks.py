"""Background work that outlives the request that started it, and is never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

from stampede.core.errors import RequestError

T = TypeVar("T")


class Tasks:
    """Spawns tasks, holds them (the loop itself keeps weak references only), and ends them at the end."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self._endless: set[asyncio.Task[Any]] = set()

    def spawn(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task that goes on when its starter is cancelled."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def keep(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Start a task that runs until the end, and is not waited for then."""
        self._endless.add(self.spawn(coroutine))

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        self._endless.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved here, because all who waited for it may have been cancelled

    async def settle(self, timeout: float) -> int:
        """Wait for what ends by itself; cancel what is left after `timeout` seconds; return how many."""
        endless = set(self._endless)
        for task in endless:
            task.cancel()
        if self._running:
            await asyncio.wait(set(self._running), timeout=timeout)
        late = set(self._running)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
        return len(late)


class Flight(Generic[T]):
    """One load in progress and all who wait for it.

    Every waiter has a future of its own, so that cancelling one touches no other, and each raises its own copy
    of an error. This costs a third of `asyncio.shield` per waiter, which a burst of thousands would feel.
    """

    def __init__(self, task: asyncio.Task[T]) -> None:
        self._waiting: list[asyncio.Future[T]] = []
        task.add_done_callback(self._land)

    def join(self) -> asyncio.Future[T]:
        """Await it for the flight's result. Raises what the flight raised."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        return future

    def _land(self, task: asyncio.Task[T]) -> None:
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        for future in self._waiting:
            if future.done():  # its caller was cancelled
                continue
            if error is None:
                future.set_result(task.result())
            elif isinstance(error, asyncio.CancelledError):
                future.cancel()
            else:
                future.set_exception(error.again() if isinstance(error, RequestError) else error)


class Flights(Generic[T]):
    """In-process single-flight: one load in progress per key, shared by all who ask meanwhile.

    A flight is a task of its own, so cancelling its first caller (or any other) harms nobody else.
    Source: golang.org/x/sync/singleflight; promises 1–6 and 10 of the conformance list.
    """

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._flights: dict[str, Flight[T]] = {}

    def current(self, key: str) -> Flight[T] | None:
        """The key's flight, if one is under way."""
        return self._flights.get(key)

    def start(self, key: str, load: Coroutine[Any, Any, T]) -> Flight[T]:
        """Start the key's flight; it leaves the map before its waiters wake, however it ends."""
        task = self._tasks.spawn(load)
        task.add_done_callback(lambda _: self._landed(key, flight))
        flight = self._flights[key] = Flight(task)
        return flight

    def _landed(self, key: str, flight: Flight[T]) -> None:
        if self._flights.get(key) is flight:  # not forgotten, and followed by another, meanwhile
            del self._flights[key]

    def forget(self, key: str) -> None:
        """Have the next caller start a new flight; those who wait for the current one still get its result."""
        self._flights.pop(key, None)
