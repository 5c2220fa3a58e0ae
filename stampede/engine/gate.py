"""The barrier: every request waits here until one shared instant. The barrier is the product."""

from __future__ import annotations

import asyncio

from stampede.core.ports import Clock

SPIN_S = 0.002


class Gate:
    """Opens at an instant of a clock; await `opened` to wait for it (afterwards, that returns at once)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def open_at(self, instant: float) -> None:
        """Sleep until shortly before, then spin: the loop's timers tick in milliseconds only."""
        await asyncio.sleep(max(0.0, instant - self._clock() - SPIN_S))
        while self._clock() < instant:
            pass
        self.opened.set_result(None)
