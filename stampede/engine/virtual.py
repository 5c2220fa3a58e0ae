"""Virtual time: an event loop whose clock jumps to the next timer, so that an hour takes no time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop without waiting. Its clock is `loop.time`; it is for code that does no input or output."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_Jump(self))

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now

    def jump(self, seconds: float) -> None:
        """Move the clock."""
        self._now += seconds


class _Jump(selectors.SelectSelector):
    """Instead of waiting for the timeout, moves the clock by it."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events and timeout is None:
            raise RuntimeError("deadlock: everybody waits and no timer is set")
        if not events and timeout:
            self._loop.jump(timeout)
        return events


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on virtual time. Raises RuntimeError when everybody waits for ever."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
