"""The model of a database that is slow and finite, and that counts what reaches it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from random import Random

import msgspec

from stampede.core.errors import LoadError
from stampede.core.model import Loaded
from stampede.core.ports import Clock
from stampede.origins.latency import Latency

EARLY_S = 1e-9  # what floating-point arithmetic may lack when a deadline has come


class Seen(msgspec.Struct, array_like=True):
    """What the database saw since it was last reset; its own counts, on its own clock (seconds).

    `timeline` has a row (time, in flight, queued) for every change, `loads` a row (key, arrived, ended) for
    every load that has ended, `writes` a row (key, version, time) for every write. `abandoned` counts loads whose
    client gave up before they were begun. Of the `executed` loads, `drawn_s` is what the law gave in all and
    `busy_s` what they took; `lateness_max_s` is the most that an end was noticed after it was due.
    """

    hits: dict[str, int] = {}
    peak_in_flight: int = 0
    peak_queued: int = 0
    timeline: list[tuple[float, int, int]] = []
    loads: list[tuple[str, float, float]] = []
    writes: list[tuple[str, int, float]] = []
    executed: int = 0
    abandoned: int = 0
    drawn_s: float = 0.0
    busy_s: float = 0.0
    lateness_max_s: float = 0.0


class _Load:
    """One load's place: in the queue until it has begun, then at a connection until `due`."""

    def __init__(self, key: str, arrived: float) -> None:
        self.key = key
        self.arrived = arrived
        self.served: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.begun = False
        self.version = 0


class _Window:
    """One count, from one reset to the next. A load belongs to the window in which it arrived.

    A connection's next service begins when its last was due, not when a late timer noticed: errors do not add up.
    One timer serves all connections.
    """

    def __init__(self, connections: int, clock: Clock, begin: Callable[[_Load], float]) -> None:
        self.free = connections
        self.in_flight = 0
        self.queue: deque[_Load] = deque()
        self.hits: Counter[str] = Counter()
        self.seen = Seen(hits={}, timeline=[], loads=[], writes=[])
        self._due: list[tuple[float, int, float, _Load]] = []  # a heap of (due, serial, begun, load)
        self._serial = 0
        self._timer: asyncio.TimerHandle | None = None
        self._clock = clock
        self._begin = begin

    def arrive(self, load: _Load) -> None:
        if self.free:
            self.free -= 1
            self._serve(load, load.arrived)
            self._arm()
        else:
            self.queue.append(load)
            self._moved()

    def leave(self, load: _Load) -> None:
        """Its client has given up: out of the queue, or off its connection."""
        if not load.begun:
            with contextlib.suppress(ValueError):  # a count that is over has sent its queue away
                self.queue.remove(load)
            self._moved()
            self.seen.abandoned += 1
            return
        place = next((place for place in self._due if place[3] is load), None)
        if place is not None:
            self._due.remove(place)
            heapify(self._due)
            self._release(self._clock())
            self._arm()

    def close(self) -> None:
        """The count is over: whoever still queues is sent away, whoever is served may finish."""
        waiting, self.queue = self.queue, deque()
        for load in waiting:
            if not load.served.done():
                load.served.set_exception(LoadError("the count that this load belongs to is over"))

    def _serve(self, load: _Load, begun: float) -> None:
        load.begun = True
        length = self._begin(load)
        self._serial += 1
        heappush(self._due, (begun + length, self._serial, begun, load))
        self.in_flight += 1
        self._moved()

    def _release(self, since: float) -> None:
        self.in_flight -= 1
        self._moved()
        if self.queue:
            load = self.queue.popleft()
            self._serve(load, max(since, load.arrived))
        else:
            self.free += 1

    def _notice(self) -> None:
        self._timer = None
        now = self._clock()
        while self._due and self._due[0][0] <= now + EARLY_S:
            due, _, begun, load = heappop(self._due)
            self.seen.executed += 1
            self.seen.busy_s += now - begun
            self.seen.drawn_s += due - begun
            self.seen.lateness_max_s = max(self.seen.lateness_max_s, now - due)
            if not load.served.done():
                load.served.set_result(None)
            self._release(due)
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._due:
            wait = max(0.0, self._due[0][0] - self._clock())
            self._timer = asyncio.get_running_loop().call_later(wait, self._notice)

    def _moved(self) -> None:
        seen, queued = self.seen, len(self.queue)
        seen.peak_queued = max(seen.peak_queued, queued)
        seen.peak_in_flight = max(seen.peak_in_flight, self.in_flight)
        seen.timeline.append((self._clock(), self.in_flight, queued))


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
        self._window = _Window(connections, clock, self._begin)
        self.reset(latency, connections, seed)

    def reset(self, latency: Latency, connections: int, seed: int) -> None:
        """Begin a new count, perhaps with another model; it does not fail any more."""
        self._random = Random(seed)
        self._window.close()
        self._window = _Window(connections, self._clock, self._begin)
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
        load = _Load(key, arrived)
        window.arrive(load)
        try:
            await load.served
            if self._failing:
                raise LoadError("the database answers errors")
            return Loaded(self._query(key), load.version)
        except asyncio.CancelledError:
            window.leave(load)
            raise
        finally:
            window.seen.loads.append((key, arrived, self._clock()))

    def _begin(self, load: _Load) -> float:
        # What the query finds is what was there when it began; a write during the load is not in it.
        load.version = 1 + self._versions[load.key]
        return self._latency.draw(self._random)

    def seen(self) -> Seen:
        """The counts since the reset."""
        return msgspec.structs.replace(self._window.seen, hits=dict(self._window.hits))
