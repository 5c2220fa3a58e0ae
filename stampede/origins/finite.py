"""The model of a database that is slow and finite, and that counts what reaches it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random

import msgspec

from stampede.core.errors import LoadError
from stampede.core.model import Loaded
from stampede.core.ports import Clock
from stampede.origins.latency import Latency


class Seen(msgspec.Struct, array_like=True):
    """What the database saw since it was last reset; its own counts, on its own clock (seconds).

    `timeline` has a row (time, in flight, queued) for every change, `loads` a row (key, arrived, ended) for
    every load that has ended, `writes` a row (key, version, time) for every write.
    """

    hits: dict[str, int] = {}
    peak_in_flight: int = 0
    peak_queued: int = 0
    timeline: list[tuple[float, int, int]] = []
    loads: list[tuple[str, float, float]] = []
    writes: list[tuple[str, int, float]] = []


class _Window:
    """One count, from one reset to the next. A load belongs to the window in which it arrived."""

    def __init__(self, connections: int, clock: Clock) -> None:
        self.connections = asyncio.Semaphore(connections)
        self.in_flight = self.queued = 0
        self.hits: Counter[str] = Counter()
        self.seen = Seen(hits={}, timeline=[], loads=[], writes=[])
        self._clock = clock

    def moved(self, queued: int = 0, in_flight: int = 0) -> None:
        self.queued += queued
        self.in_flight += in_flight
        seen = self.seen
        seen.peak_queued = max(seen.peak_queued, self.queued)
        seen.peak_in_flight = max(seen.peak_in_flight, self.in_flight)
        seen.timeline.append((self._clock(), self.in_flight, self.queued))

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
        self._versions: Counter[str] = Counter()
        self.reset(latency, connections, seed)

    def reset(self, latency: Latency, connections: int, seed: int) -> None:
        """Begin a new count, perhaps with another model; it does not fail any more."""
        self._random = Random(seed)
        self._window = _Window(connections, self._clock)
        self.change(latency, failing=False)

    def change(self, latency: Latency, failing: bool) -> None:
        """Go on counting with another latency, or answer every load with an error."""
        self._latency = latency
        self._failing = failing

    def write(self, key: str) -> int:
        """Change the key's row; returns its new version (the first is 1)."""
        self._versions[key] += 1
        version = 1 + self._versions[key]
        self._window.seen.writes.append((key, version, self._clock()))
        return version

    async def load(self, key: str) -> Loaded:
        """One load. It counts as a hit the moment it arrives. Raises LoadError while the database fails."""
        window, arrived = self._window, self._clock()
        window.hits[key] += 1
        await window.acquire()
        try:
            # What the query finds is what was there when it began; a write during the load is not in it.
            version = 1 + self._versions[key]
            if window is not self._window:
                raise LoadError("the count that this load belongs to is over")  # what is left of a long queue
            await asyncio.sleep(self._latency.draw(self._random))
            if self._failing:
                raise LoadError("the database answers errors")
            return Loaded(self._query(key), version)
        finally:
            window.seen.loads.append((key, arrived, self._clock()))
            window.release()

    def seen(self) -> Seen:
        """The counts since the reset."""
        return msgspec.structs.replace(self._window.seen, hits=dict(self._window.hits))
