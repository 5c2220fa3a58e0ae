"""The model of a database that is slow and finite, and that counts what reaches it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random

import msgspec

from stampede.core.latency import Latency
from stampede.core.model import Loaded
from stampede.core.ports import Clock


class Seen(msgspec.Struct):
    """What the database saw since it was last reset; its own counts, on its own clock.

    `timeline` has a row (seconds since the reset, in flight, queued) for every change.
    """

    hits: dict[str, int] = {}
    peak_in_flight: int = 0
    peak_queued: int = 0
    timeline: list[tuple[float, int, int]] = []


class _Window:
    """One count, from one reset to the next. A load belongs to the window in which it arrived."""

    def __init__(self, connections: int, clock: Clock) -> None:
        self.connections = asyncio.Semaphore(connections)
        self.hits: Counter[str] = Counter()
        self.in_flight = self.queued = 0
        self.peak_in_flight = self.peak_queued = 0
        self.timeline: list[tuple[float, int, int]] = []
        self._clock = clock
        self._began = clock()

    def moved(self, queued: int = 0, in_flight: int = 0) -> None:
        self.queued += queued
        self.in_flight += in_flight
        self.peak_queued = max(self.peak_queued, self.queued)
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        self.timeline.append((self._clock() - self._began, self.in_flight, self.queued))

    async def acquire(self) -> None:
        if not self.connections.locked():
            await self.connections.acquire()  # returns at once
            self.moved(in_flight=1)
            return
        self.moved(queued=1)
        try:
            await self.connections.acquire()
        except asyncio.CancelledError:
            self.moved(queued=-1)
            raise
        self.moved(queued=-1, in_flight=1)

    def release(self) -> None:
        self.moved(in_flight=-1)
        self.connections.release()


class FiniteDatabase:
    """A load waits for one of `connections`, holds it for a drawn latency, and runs the query.

    The queue is what turns many loads into a saturated database.
    """

    def __init__(
        self, latency: Latency, connections: int, seed: int, clock: Clock, query: Callable[[str], bytes]
    ) -> None:
        self._clock = clock
        self._query = query
        self.versions: Counter[str] = Counter()
        self.reset(latency, connections, seed)

    def reset(self, latency: Latency, connections: int, seed: int) -> None:
        """Begin a new count, perhaps with another model."""
        self._latency = latency
        self._random = Random(seed)
        self._window = _Window(connections, self._clock)

    async def load(self, key: str) -> Loaded:
        """One load. It counts as a hit the moment it arrives."""
        window = self._window
        window.hits[key] += 1
        await window.acquire()
        try:
            await asyncio.sleep(self._latency.draw(self._random))
            return Loaded(self._query(key), 1 + self.versions[key])
        finally:
            window.release()

    def seen(self) -> Seen:
        """The counts since the reset."""
        window = self._window
        return Seen(dict(window.hits), window.peak_in_flight, window.peak_queued, window.timeline)
