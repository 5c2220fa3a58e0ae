"""One count of a database's loads: who is served, who queues, and what was seen of them."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Protocol

import msgspec

from stampede.core.alarm import MakeAlarm
from stampede.core.errors import LoadError
from stampede.core.model import Loaded
from stampede.core.ports import Clock

Done = Callable[[Loaded | Exception], None]
AT_ONCE = 100  # ends in one turn of the loop, so that the first of a wave are on their way while the last are done
EARLY_S = 1e-9  # what floating-point arithmetic may lack when a deadline has come


class Seen(msgspec.Struct, array_like=True):
    """What the database saw since it was last reset; its own counts, on its own clock (seconds).

    `timeline` has a row (time, in flight, queued) for every change, `loads` a row (key, arrived, ended) for
    every load that has ended, infinitely late if it was given up, `writes` a row (key, version, time) for every
    write. `executed` counts loads that were answered, `abandoned` those whose client gave up and said so, in the
    queue or at a connection. What the count ends before is neither: arrived = executed + abandoned + still queued or
    served. Of the `executed` loads, `drawn_s` is what the law gave in all and `busy_s` what they took;
    `lateness_max_s` is the most that an end was noticed after it was due. `cpu_s`: what the database's own process
    used, if it is one. Where no history is kept, `timeline` and `loads` stay empty, and all `hits` are those of "".
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
    cpu_s: float = 0.0


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


class Model(Protocol):
    """The database that a window belongs to: its clock, and what it does for a load."""

    clock: Clock
    make_alarm: MakeAlarm

    def begin(self, load: Load) -> float:
        """The load begins; returns how long it takes (seconds)."""
        ...

    def answer(self, load: Load) -> Loaded | Exception:
        """What a load that has ended gets."""
        ...


class Window:
    """One count, from one reset to the next. A load belongs to the window in which it arrived.

    A connection's next service begins when its last was due, not when a late timer noticed: errors do not add up.
    One alarm serves all connections. Who gives up is passed over later, because searching costs. Without `history`
    it takes no more memory however long it lasts.
    """

    def __init__(self, database: Model, connections: int, history: bool = True) -> None:
        self._history = history
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
        self.hits[load.key if self._history else ""] += 1
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
        self._end(load, math.inf)
        self.seen.abandoned += 1
        if load.begun:
            self._release(now, now)
            self._arm()
        else:
            self.queued -= 1
            self._moved(now)

    def close(self, now: float) -> None:
        """The count is over: whoever still queues is sent away, whoever is served may finish."""
        waiting, self.queue, self.queued = self.queue, deque(), 0
        for load in waiting:
            if not load.gone:
                self._end(load, math.inf)
                load.done(LoadError("the count that this load belongs to is over"))

    def _end(self, load: Load, at: float) -> None:
        load.gone = True
        if self._history:
            self.seen.loads.append((load.key, load.arrived, at))

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
        ended = 0
        while self._due and self._due[0][0] <= now + EARLY_S and ended < AT_ONCE:
            ended += 1
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
        if self._history:
            seen.timeline.append((now, self.in_flight, self.queued))
