"""Messages of one event-loop tick leave as one frame, so that a burst arrives as a burst."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

M = TypeVar("M")


class TickBatch(Generic[M]):
    """Collects messages and sends them together at the end of the tick."""

    def __init__(self, send: Callable[[list[M]], None]) -> None:
        self._send = send
        self._waiting: list[M] = []

    def add(self, message: M) -> None:
        """Send with the others of this tick."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(message)

    def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        self._send(batch)
