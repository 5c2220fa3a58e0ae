"""The model of a database that is slow and finite, and that counts what reaches it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random

import msgspec

from stampede.core.alarm import LoopAlarm, MakeAlarm
from stampede.core.errors import LoadError
from stampede.core.model import NOT_FOUND, Loaded
from stampede.core.ports import Clock
from stampede.origins.absent import Absent
from stampede.origins.latency import Latency
from stampede.origins.window import Done, Load, Seen, Window

FIRST = 1  # the version of a row that was never written


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
        history: bool = True,
    ) -> None:
        """`history`: whether every load is kept in what was `seen`, as a run of a bounded length wants it."""
        self.clock = clock
        self.make_alarm = make_alarm
        self._query = query
        self._versions: Counter[str] = Counter()
        self._history = history
        self._window = Window(self, connections, history)
        self.reset(latency, connections, seed)

    def reset(self, latency: Latency, connections: int, seed: int, missing: float = 0.0) -> None:
        """Begin a new count, perhaps with another model; it does not fail any more."""
        self._absent = Absent(missing, seed)
        self._random = Random(seed)
        self._window.close(self.clock())
        self._window = Window(self, connections, self._history)
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
