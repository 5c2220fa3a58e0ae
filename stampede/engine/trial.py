"""One instance's part in one trial: requests wait at the barrier, run, and are recorded."""

from __future__ import annotations

import asyncio
import gc
from array import array
from collections.abc import Awaitable, Callable, Coroutine
from random import Random
from typing import Any

from stampede.core.errors import RequestError
from stampede.core.model import Answer
from stampede.core.ports import Clock
from stampede.core.workload import Arrivals, Keys, Share
from stampede.engine.gate import Gate
from stampede.measure.records import Recorder

QUIET_S = 0.02

Get = Callable[[str], Awaitable[Answer]]


def key_name(label: str, number: int) -> str:
    """The cache key of the workload's key `number` in the trial that has this label."""
    return f"{label}:{number}"


class Requests:
    """The callers of one instance in one trial.

    Those of the first instant are tasks that wait at the barrier before it opens; the later ones of an open-loop
    workload are started by a pacer at their intended time, however slow the answers are (no coordinated omission).
    """

    def __init__(
        self,
        get: Get,
        label: str,
        arrivals: Arrivals,
        keys: Keys,
        concurrency: int,
        share: Share,
        random: Random,
        clock: Clock,
    ) -> None:
        self.records = Recorder()
        self._get = get
        self._clock = clock
        self._gate = Gate(clock)
        self._tasks: list[asyncio.Task[None]] = []
        self._names = [key_name(label, number) for number in range(keys.count())]
        self._offsets = array("d", arrivals.offsets(concurrency, share, random))
        self._keys = array("i", (keys.pick(random) for _ in self._offsets))
        self._open = len(self._offsets)
        self._all_ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def assemble(self) -> None:
        """Bring every caller of the first instant to the barrier."""
        for at, key in zip(self._offsets, self._keys, strict=True):
            if at == 0.0:
                self._start(self._request(key, self.records.intend(key, 0.0)))
        gc.collect()
        await asyncio.sleep(0)

    async def run(self, release_at: float, deadline: float) -> None:
        """Open the barrier at `release_at`, start the later callers, and wait for all answers.

        After `deadline` seconds the unanswered are cancelled; their records say timeout.
        """
        # A collection in the middle of a burst would be felt as latency of the strategy.
        gc.disable()
        for row in range(len(self.records)):
            self.records.intended[row] = release_at
        try:
            await self._gate.open_at(release_at)
            async with asyncio.timeout(deadline):
                await self._pace(release_at)
                if self._open:
                    await self._all_ended
        except TimeoutError:
            self._cancel()
            await asyncio.wait(self._tasks)
        finally:
            self._cancel()
            # The other instances may still be busy: tidying up now would be felt as their latency.
            await asyncio.sleep(QUIET_S)
            gc.enable()

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _pace(self, release_at: float) -> None:
        for at, key in zip(self._offsets, self._keys, strict=True):
            if at == 0.0:
                continue
            wait = release_at + at - self._clock()
            if wait > 0:
                await asyncio.sleep(wait)
            self._start(self._request(key, self.records.intend(key, release_at + at)))

    def _start(self, request: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(request))

    async def _request(self, key: int, row: int) -> None:
        records, clock = self.records, self._clock
        await self._gate.opened
        records.started[row] = clock()
        try:
            answer = await self._get(self._names[key])
        except RequestError as error:
            records.failed(row, clock(), str(error))
        except Exception as error:  # a third party's plug-in: its bug is a result, not our crash
            records.failed(row, clock(), f"{type(error).__name__}: {error}")
        else:
            records.answered(row, clock(), answer.role, answer.entry.version)
        self._open -= 1
        if not self._open:
            self._all_ended.set_result(None)
