"""How late the event loop runs: the harness's measure of itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from stampede.core.ports import Clock

EVERY_S = 0.005


class LagMeter:
    """Asks to be woken every few milliseconds and notes by how much it was woken too late."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.maximum = 0.0

    async def during(self, work: Awaitable[None]) -> None:
        """Measure while `work` runs."""
        meter = asyncio.create_task(self._measure())
        try:
            await work
        finally:
            meter.cancel()

    async def _measure(self) -> None:
        while True:
            asked = self._clock()
            await asyncio.sleep(EVERY_S)
            self.maximum = max(self.maximum, self._clock() - asked - EVERY_S)
