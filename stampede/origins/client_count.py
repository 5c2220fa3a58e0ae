"""What one process counts of its loads at a database that does not count for us."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import accumulate

import msgspec

from stampede.core.ports import Clock

AT_ONCE_S = 0.001  # a connection that is free costs less than this; who waits longer has queued

Step = tuple[float, int, int]


class ClientCount(msgspec.Struct):
    """Loads that `arrived`, and those of them that the database `executed`: the others gave up, or got no connection.

    A load is executed from when it is handed to its connection; who gives up before it has left is counted, too.

    `steps` has rows (time, change of those in flight, change of those queued for a connection), in no order.
    """

    arrived: int = 0
    executed: int = 0
    steps: list[Step] = []

    @contextmanager
    def load(self, clock: Clock = time.monotonic) -> Iterator[Callable[[], AbstractContextManager[None]]]:
        """Around one load; what it yields goes around the part that has a connection, inside of it.

        Inside, because who waits for the connection may have it before who gives it back has noted that.
        """
        left_queue: float | None = None

        @contextmanager
        def executing() -> Iterator[None]:
            nonlocal left_queue
            left_queue = clock()
            self.executed += 1
            try:
                yield
            finally:
                self.steps += [(left_queue, 1, 0), (clock(), -1, 0)]

        self.arrived += 1
        arrived = clock()
        try:
            yield executing
        finally:
            left = clock() if left_queue is None else left_queue
            if left - arrived > AT_ONCE_S:
                self.steps += [(arrived, 0, 1), (left, 0, -1)]


def timeline(counts: Iterable[ClientCount]) -> list[Step]:
    """Rows (time, in flight, queued), one for every change, over all processes: they share a monotonic clock."""
    steps = sorted(step for count in counts for step in count.steps)
    totals = accumulate(steps, lambda now, step: (step[0], now[1] + step[1], now[2] + step[2]))
    return list(totals)
