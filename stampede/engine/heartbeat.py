"""Whether a server stood still in the middle of a trial, and how much it worked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from stampede.core.errors import RequestError
from stampede.core.ports import Clock

EVERY_S = 0.05
PATIENCE_S = 3.0


class Heartbeat:
    """Asks the server again and again. A late answer is no standstill as far as the server was working meanwhile.

    `pulse` gives the CPU seconds that the server has used so far, or raises RequestError.
    `stall_s` is the longest standstill, `cpu_s` what the server worked from the first to the last answer, in seconds.
    """

    def __init__(self, pulse: Callable[[], Awaitable[float]], clock: Clock) -> None:
        self._pulse = pulse
        self._clock = clock
        self._asked: float | None = None  # since when it owes us an answer
        self._used = 0.0
        self.stall_s = 0.0
        self.cpu_s = 0.0

    @asynccontextmanager
    async def during(self) -> AsyncIterator[None]:
        """Measure meanwhile. A server that goes away is for others to notice."""
        await self._beat()
        self.stall_s = self.cpu_s = 0.0  # connecting is not part of it
        over = asyncio.Event()
        beating = asyncio.create_task(self._go_on(over))
        try:
            yield
        finally:
            over.set()
            # Redis has its own, shorter patience: redis-py loses a pool's one connection if a command is cancelled.
            await asyncio.wait([beating], timeout=PATIENCE_S)
            beating.cancel()

    async def _go_on(self, over: asyncio.Event) -> None:
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), EVERY_S)
            await self._beat()

    async def _beat(self) -> None:
        if self._asked is None:
            self._asked = self._clock()
        asked, worked = self._asked, 0.0
        try:
            used = await self._pulse()
            # A server that was restarted has begun to count anew.
            worked, self._used, self._asked = used - self._used if used >= self._used else used, used, None
        except RequestError:
            pass  # it still owes us an answer
        finally:
            self.cpu_s += worked
            self.stall_s = max(self.stall_s, self._clock() - asked - worked)
