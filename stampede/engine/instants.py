"""Waking at an instant: never before it, and hardly after it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from stampede.core.alarm import LoopAlarm, monotonic_alarm
from stampede.core.ports import Clock


class Instants:
    """Waits for one instant after the other."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        make = monotonic_alarm if clock is time.monotonic else LoopAlarm
        self._alarm = make(self._ring, clock)
        self._rings: asyncio.Future[None] | None = None

    @classmethod
    @contextmanager
    def on(cls, clock: Clock) -> Iterator[Instants]:
        """On this clock, for as long as the context lasts."""
        instants = cls(clock)
        try:
            yield instants
        finally:
            instants._alarm.clear()

    async def until(self, instant: float) -> None:
        """Sleep until the clock has reached the instant; not at all if it has."""
        while self._clock() < instant:
            self._rings = asyncio.get_running_loop().create_future()
            self._alarm.set(instant)
            await self._rings

    def _ring(self) -> None:
        if self._rings is not None and not self._rings.done():
            self._rings.set_result(None)
