"""Background work that outlives the request that started it, and is never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from stampede.core.errors import RequestError

T = TypeVar("T")


def heed() -> None:
    """Go no further in work that was interrupted. Raises CancelledError.

    A library may have kept that to itself: `asyncio.wait_for` does until Python 3.11, if what it waits for has just
    ended, and redis-py sends every command through it.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


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
        clock = asyncio.get_running_loop().time
        deadline = clock() + timeout
        while self._running:  # what ends may have begun something else
            await asyncio.wait(set(self._running), timeout=max(0.0, deadline - clock()))
            if clock() >= deadline:
                break
        late = len(self._running)
        while ending := set(self._running):
            for task in ending:
                task.cancel()
            await asyncio.wait(ending)
        return late


class Boarding:
    """Who may share a load's answer: those who asked before it was known to be good for the last time.

    Steps of the load call `asking` when a question leaves for the store (the value is there, or the guard still holds
    our token), and `confirmed` when the answer was yes. Who asks in between may ask after an invalidation that the
    answer has not seen. What matters is the order, not the time, so those who wait are counted.
    """

    def __init__(self) -> None:
        self._asked = 0
        self._good_for = 0

    def waiting(self) -> int:
        """How many have asked so far."""
        return 1

    @property
    def asked(self) -> int:
        """How many had asked when the last question left."""
        return self._asked

    def good_for(self, asked: int) -> None:
        """The load's answer is good for so many: those who had asked before an earlier question left."""
        self._good_for = asked

    def asking(self) -> None:
        """A question leaves for the store now."""
        self._asked = self.waiting()

    def confirmed(self) -> None:
        """The answer to the last question was yes: the load's answer is good for all who had asked before it."""
        self._good_for = self._asked

    def loading(self) -> None:
        """The load begins now: its answer is good for all who have asked."""
        self.asking()
        self.confirmed()

    def without_store(self) -> None:
        """There is nobody to ask: the load's answer is good for all who have asked, and have heard nothing since."""
        self._good_for = self.waiting()

    def until(self, filling: asyncio.Future[None]) -> None:
        """The load has ended, and `filling` will say for whom else its answer is good: they wait for that."""


class Landed(NamedTuple, Generic[T]):
    """How a flight ended for one of those who joined it. Not `timely`: perhaps too old for this one, who asks again.

    `result` is None for who is told so before the end.
    """

    result: T | None
    timely: bool


class Flight(Boarding, Generic[T]):
    """One load in progress and all who wait for it.

    Every waiter has a future of its own, so that cancelling one touches no other, and each raises its own copy
    of an error. This costs a third of `asyncio.shield` per waiter, which a burst of thousands would feel.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[asyncio.Future[Landed[T]]] = []
        self.filling: asyncio.Future[None] | None = None

    def join(self) -> asyncio.Future[Landed[T]]:
        """Await it for the flight's result. Raises what the flight raised."""
        future: asyncio.Future[Landed[T]] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        return future

    def waiting(self) -> int:
        return len(self._waiting)

    def until(self, filling: asyncio.Future[None]) -> None:
        self.filling = filling

    @property
    def departed(self) -> bool:
        """Whether a question has left."""
        return self._asked > 0

    def release(self) -> None:
        """The key was invalidated: who asked after the last question need not wait for the end to ask again."""
        late = self._waiting[self._asked :]
        del self._waiting[self._asked :]
        _answer(late, Landed(None, False))

    def answer(self, result: T) -> None:
        """Those for whom the result is known to be good need not wait any longer."""
        _answer(self._waiting[: self._good_for], Landed(result, True))

    def land(self, result: T) -> None:
        """The end: the others ask again."""
        self.answer(result)
        _answer(self._waiting[self._good_for :], Landed(result, False))

    def fail(self, error: BaseException) -> None:
        """The end, with an error for all."""
        for future in self._waiting:
            if future.done():
                continue
            if isinstance(error, asyncio.CancelledError):
                future.cancel()
            else:
                future.set_exception(error.again() if isinstance(error, RequestError) else error)


def _answer(waiting: list[asyncio.Future[Landed[T]]], landed: Landed[T]) -> None:
    for future in waiting:
        if not future.done():  # its caller was cancelled
            future.set_result(landed)


class Flights(Generic[T]):
    """In-process single-flight: one load in progress per key, shared by all who ask meanwhile.

    A flight is a task of its own, so cancelling its first caller (or any other) harms nobody else.
    Source: golang.org/x/sync/singleflight; promises 1–6, 10 and 41 of the conformance list.
    """

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._flights: dict[str, Flight[T]] = {}

    def current(self, key: str) -> Flight[T] | None:
        """The key's flight, if one is under way."""
        return self._flights.get(key)

    def start(self, key: str, load: Callable[[str, Boarding], Coroutine[Any, Any, T]]) -> Flight[T]:
        """Start the key's flight; it leaves the map before its waiters wake, however it ends."""
        flight: Flight[T] = Flight()
        self._flights[key] = flight
        self._tasks.spawn(load(key, flight)).add_done_callback(partial(self._loaded, key, flight))
        return flight

    def _loaded(self, key: str, flight: Flight[T], task: asyncio.Task[T]) -> None:
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None:
            self._leave(key, flight)
            flight.fail(error)
        elif flight.filling is None:
            self._landed(key, flight, task)
        else:  # it stays until then, so that nobody loads again
            flight.answer(task.result())
            flight.filling.add_done_callback(lambda _: self._landed(key, flight, task))

    def _landed(self, key: str, flight: Flight[T], task: asyncio.Task[T]) -> None:
        self._leave(key, flight)
        flight.land(task.result())

    def _leave(self, key: str, flight: Flight[T]) -> None:
        if self._flights.get(key) is flight:  # not forgotten, and followed by another, meanwhile
            del self._flights[key]

    def forget(self, key: str | None) -> None:
        """The key was invalidated, or with None any may have been: the next caller starts a new flight.

        Those who asked in time still get the current one's result. A flight that has not departed yet has missed
        nothing.
        """
        for name in list(self._flights) if key is None else [key]:
            flight = self._flights.get(name)
            if flight is not None and flight.departed:
                del self._flights[name]
                flight.release()
