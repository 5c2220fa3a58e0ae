"""The event loop of those who have none: one thread for all caches of a process, made anew after a fork."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import selectors
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

JOIN_S = 10.0


class Background:
    """An event loop on a thread of its own."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.loop = asyncio.SelectorEventLoop(self.selector)
        self._thread = threading.Thread(target=self.loop.run_forever, name="stampede", daemon=True)
        self._thread.start()
        self.lock = threading.Lock()
        self.at_end: dict[object, Callable[[], Coroutine[Any, Any, None]]] = {}

    def is_here(self) -> bool:
        """Whether the calling thread is the loop's own."""
        return threading.current_thread() is self._thread

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The coroutine's result, which the calling thread waits for."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def end(self) -> None:
        """Close what runs here, and end the thread."""
        for close in list(self.at_end.values()):
            with contextlib.suppress(Exception):  # nobody is there to hear of it
                self.run(close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(JOIN_S)
        if not self._thread.is_alive():
            self.loop.close()


class _Process:
    """This process's loop, and those of its ancestors.

    After a fork the thread of the loop is not there, and nobody may touch what the child has in common with its
    parent: a file that is taken out of an epoll instance in the child is taken out of the parent's. So the child
    puts something else in its place, and keeps the rest as it is.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.background: Background | None = None
        self._inherited: list[Background] = []

    def forked(self) -> None:
        self.lock = threading.Lock()  # another thread of the parent may have held it
        if self.background is None:
            return
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, self.background.selector.fileno())
        os.close(null)
        self._inherited.append(self.background)
        self.background = None

    def ends(self) -> None:
        background, self.background = self.background, None
        if background is not None:
            background.end()


_process = _Process()
os.register_at_fork(after_in_child=_process.forked)
atexit.register(_process.ends)


def background() -> Background:
    """The process's loop, started if there is none."""
    here = _process.background
    if here is None:
        with _process.lock:
            here = _process.background = _process.background or Background()
    return here
