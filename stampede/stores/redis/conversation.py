"""A connection on which Redis talks and we listen; it comes back after it was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from stampede.core.errors import StoreError

BEGIN_TIMEOUT_S = 5.0
AGAIN_AFTER_S = 0.1

Listen = Callable[[asyncio.Event], Awaitable[None]]
"""Connects, sets the event once it hears, and listens until the connection is lost (RedisError, OSError)."""


class Conversation:
    """Listening in the background, from `begin` to `end`."""

    def __init__(self, listen: Listen) -> None:
        self._listen = listen
        self._task: asyncio.Task[None] | None = None
        self._hears = asyncio.Event()

    async def begin(self, what: str) -> None:
        """Wait until it hears, at first or again. Raises StoreError: it does not let us `what`."""
        if self._task is None:
            self._task = asyncio.create_task(self._again_and_again())
        try:
            async with asyncio.timeout(BEGIN_TIMEOUT_S):
                await self._hears.wait()
        except TimeoutError:
            raise StoreError(f"Redis does not let us {what}") from None

    async def _again_and_again(self) -> None:
        while True:
            try:
                await self._listen(self._hears)
            except Exception:  # whatever it was: who no longer listens would wait for ever, and tell nobody
                self._hears.clear()
                await asyncio.sleep(AGAIN_AFTER_S)

    async def end(self) -> None:
        """Stop listening; safe if it never began."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
