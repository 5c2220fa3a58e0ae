"""A thread that waits for its answer, and loads meanwhile if the load is its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from stampede.library.background import Background

T = TypeVar("T")
Work = Callable[[], None]


class Caller:
    """One request of a thread.

    A loader that blocks would keep the loop from everybody, so it runs on a thread: that of the caller, who has
    nothing else to do, and whose database connection and transaction it then sees. A load that goes on behind the
    caller's back has a thread of its own, and so has one that begins while the caller is busy with another, or who
    may not be kept waiting for its end (`stays` is false).
    """

    def __init__(self, background: Background, stays: bool) -> None:
        self._background = background
        self._stays = self._idle = stays
        self._lock = threading.Lock()
        self._work: SimpleQueue[Work | None] = SimpleQueue()

    def wait_for(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result. To be called on the caller's thread."""
        ending = asyncio.run_coroutine_threadsafe(self._until_end(coroutine), self._background.loop)
        try:
            while (work := self._work.get()) is not None:
                work()
                with self._lock:
                    self._idle = self._stays
            return ending.result()
        except BaseException:
            ending.cancel()
            self._leave()
            raise

    async def _until_end(self, coroutine: Coroutine[Any, Any, T]) -> T:
        try:
            return await coroutine
        finally:
            self._leave()
            self._work.put(None)

    def _leave(self) -> None:
        """No more work for the caller's thread; what it has not begun is done by another."""
        with self._lock:
            self._stays = self._idle = False
        with contextlib.suppress(Empty):
            while (work := self._work.get_nowait()) is not None:
                _start(work)

    async def call(self, function: Callable[[], T]) -> T:
        """The function's result, from a thread; it runs in a copy of the load's context. On the loop's thread."""
        loop, context = asyncio.get_running_loop(), copy_context()
        done: asyncio.Future[tuple[T | None, BaseException | None]] = loop.create_future()

        def work() -> None:
            value, error = None, None
            try:
                value = context.run(function)
            except BaseException as raised:
                error = raised
                if not isinstance(raised, Exception):
                    raise
            finally:
                with contextlib.suppress(RuntimeError):  # the loop is closed: the process ends
                    loop.call_soon_threadsafe(_tell, done, (value, error))

        with self._lock:
            idle, self._idle = self._idle, False
            if idle:
                self._work.put(work)
        if not idle:
            _start(work)
        value, error = await done
        if error is not None:
            raise (
                error if isinstance(error, Exception) else RuntimeError(f"ended by {type(error).__name__}")
            ) from error
        return value  # type: ignore[return-value]


def _start(work: Work) -> None:
    # Not a pool's: what a library keeps for a thread, such as a connection to a database, shall end with the load.
    threading.Thread(target=work, name="stampede-load", daemon=True).start()


def _tell(done: asyncio.Future[T], outcome: T) -> None:
    if not done.done():  # nobody waits any more
        done.set_result(outcome)
