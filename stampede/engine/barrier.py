"""The barrier: every request waits here until one shared instant. The barrier is the product."""

from __future__ import annotations

import asyncio
import time

from stampede.core.ports import Clock

TICK_S = 0.002


class Barrier:
    """Opens at an instant of a clock; await `opened` to wait for it (afterwards, that returns at once)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def open_at(self, instant: float) -> None:
        """Sleep until shortly before, then block: the loop's timers tick in milliseconds only.

        Blocking and not spinning, because the instances that share a core would hold each other up.
        """
        await asyncio.sleep(max(0.0, instant - self._clock() - TICK_S))
        time.sleep(max(0.0, instant - self._clock()))  # noqa: ASYNC251 - nothing else is due before the release
        self.opened.set_result(None)
