"""The model of a database that is slow and finite, and that counts what reaches it."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from heapq import heappop, heappush
from random import Random

import msgspec

from stampede.core.alarm import LoopAlarm, MakeAlarm
from stampede.core.errors import LoadError
from stampede.core.model import NOT_FOUND, Loaded
from stampede.core.ports import Clock
from stampede.origins.absent import Absent
from stampede.origins.latency import Latency

Done = Callable[[Loaded | Exception], None]
FIRST = 1  # the version of a row that was never written
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


class Load:
    """One load's place: in the queue until it has `begun`, then at a connection until it is due."""

    __slots__ = ("arrived", "begun", "done", "gone", "key", "version")

    def __init__(self, key: str, arrived: float, done: Done) -> None:
        self.key = key
        self.arrived = arrived
        self.done = done
        self.begun = False
        self.gone = False
        self.version = 0


class _Window:
    """One count, from one reset to the next. A load belongs to the window in which it arrived.

    A connection's next service begins when its last was due, not when a late timer noticed: errors do not add up.
    One alarm serves all connections. Who gives up is passed over later, because searching costs.
    """

    def __init__(self, database: FiniteDatabase, connections: int) -> None:
        self.free = connections
        self.in_flight = 0
        self.queued = 0
        self.queue: deque[Load] = deque()
        self.hits: Counter[str] = Counter()
        self.seen = Seen(hits={}, timeline=[], loads=[], writes=[])
        self._due: list[tuple[float, int, float, Load]] = []  # a heap of (due, serial, begun, load)
        self._serial = 0
        self._armed: float | None = None
        self._database = database
        self._alarm = database.make_alarm(self._notice, database.clock)

    def arrive(self, load: Load) -> None:
        self.hits[load.key] += 1
        if self.free:
            self.free -= 1
            self._serve(load, load.arrived, load.arrived)
            self._arm()
        else:
            self.queue.append(load)
            self.queued += 1
            self._moved(load.arrived)

    def leave(self, load: Load, now: float) -> None:
        """Its client has given up: out of the queue, or off its connection."""
        if load.gone:
            return
        self._end(load, now)
        if load.begun:
            self._release(now, now)
            self._arm()
        else:
            self.queued -= 1
            self.seen.abandoned += 1
            self._moved(now)

    def close(self, now: float) -> None:
        """The count is over: whoever still queues is sent away, whoever is served may finish."""
        waiting, self.queue, self.queued = self.queue, deque(), 0
        for load in waiting:
            if not load.gone:
                self._end(load, now)
                load.done(LoadError("the count that this load belongs to is over"))

    def _end(self, load: Load, now: float) -> None:
        load.gone = True
        self.seen.loads.append((load.key, load.arrived, now))

    def _serve(self, load: Load, begun: float, now: float) -> None:
        load.begun = True
        length = self._database.begin(load)
        self._serial += 1
        heappush(self._due, (begun + length, self._serial, begun, load))
        self.in_flight += 1
        self._moved(now)

    def _release(self, since: float, now: float) -> None:
        self.in_flight -= 1
        self._moved(now)
        while self.queue:
            load = self.queue.popleft()
            if not load.gone:
                self.queued -= 1
                self._serve(load, max(since, load.arrived), now)
                return
        self.free += 1

    def _notice(self) -> None:
        self._armed = None
        now = self._database.clock()
        while self._due and self._due[0][0] <= now + EARLY_S:
            due, _, begun, load = heappop(self._due)
            if not load.gone:
                self._executed(load, begun, due, now)
                self._release(due, now)
        self._arm()

    def _executed(self, load: Load, begun: float, due: float, now: float) -> None:
        seen = self.seen
        seen.executed += 1
        seen.busy_s += now - begun
        seen.drawn_s += due - begun
        seen.lateness_max_s = max(seen.lateness_max_s, now - due)
        self._end(load, now)
        load.done(self._database.answer(load))

    def _arm(self) -> None:
        while self._due and self._due[0][3].gone:
            heappop(self._due)
        if not self._due:
            self._armed = None
            self._alarm.clear()
        elif self._armed != self._due[0][0]:
            self._armed = self._due[0][0]
            self._alarm.set(self._armed)

    def _moved(self, now: float) -> None:
        seen = self.seen
        if self.queued > seen.peak_queued:
            seen.peak_queued = self.queued
        if self.in_flight > seen.peak_in_flight:
            seen.peak_in_flight = self.in_flight
        seen.timeline.append((now, self.in_flight, self.queued))


class FiniteDatabase:
    """A load waits for one of `connections`, holds it for a drawn latency, and runs the query.

    The queue is what turns many loads into a saturated database.
    """

    def __init__(
        self,
        latency: Latency,
        connections: int,
        seed: int,
        clock: Clock,
        query: Callable[[str], bytes],
        make_alarm: MakeAlarm = LoopAlarm,
    ) -> None:
        self.clock = clock
        self.make_alarm = make_alarm
        self._query = query
        self._versions: Counter[str] = Counter()
        self._window = _Window(self, connections)
        self.reset(latency, connections, seed)

    def reset(self, latency: Latency, connections: int, seed: int, missing: float = 0.0) -> None:
        """Begin a new count, perhaps with another model; it does not fail any more."""
        self._absent = Absent(missing, seed)
        self._random = Random(seed)
        self._window.close(self.clock())
        self._window = _Window(self, connections)
        self.change(latency, failing=False)

    def change(self, latency: Latency, failing: bool) -> None:
        """Go on counting with another latency, or answer every load with an error."""
        self._latency = latency
        self._failing = failing

    def write(self, key: str) -> int:
        """Change the key's row; returns its new version (the first is 1)."""
        self._versions[key] += 1
        version = FIRST + self._versions[key]
        self._window.seen.writes.append((key, version, self.clock()))
        return version

    def submit(self, key: str, done: Done) -> Callable[[], None]:
        """Begin a load, which counts as a hit at once; `done` gets its outcome. Call the result to give it up.

        No task and no future: thousands of loads may end in one tick.
        """
        window, load = self._window, Load(key, self.clock(), done)
        window.arrive(load)
        return lambda: window.leave(load, self.clock())

    async def load(self, key: str) -> Loaded:
        """One load. Raises LoadError while the database fails."""
        served: asyncio.Future[Loaded] = asyncio.get_running_loop().create_future()

        def done(outcome: Loaded | Exception) -> None:
            if served.done():
                return
            if isinstance(outcome, Exception):
                served.set_exception(outcome)
            else:
                served.set_result(outcome)

        give_up = self.submit(key, done)
        try:
            return await served
        except asyncio.CancelledError:
            give_up()
            raise

    def begin(self, load: Load) -> float:
        """Read the key's version and draw how long the load takes (seconds)."""
        # What the query finds is what was there when it began; a write during the load is not in it.
        load.version = FIRST + self._versions[load.key]
        return self._latency.draw(self._random)

    def answer(self, load: Load) -> Loaded | Exception:
        """What a load that has ended gets."""
        if self._failing:
            return LoadError("the database answers errors")
        if load.version == FIRST and load.key in self._absent:  # a write brings it into being
            return Loaded(NOT_FOUND, load.version)
        try:
            return Loaded(self._query(load.key), load.version)
        except Exception as error:  # whatever the query raises is its caller's, and no other load's
            return error

    def seen(self) -> Seen:
        """The counts since the reset."""
        return msgspec.structs.replace(self._window.seen, hits=dict(self._window.hits))
