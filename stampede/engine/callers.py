"""One instance's part in one trial: requests wait at the barrier, run, and are recorded."""

from __future__ import annotations

import asyncio
import gc
import inspect
import math
from array import array
from collections.abc import Coroutine, Iterable
from random import Random
from typing import Any

from stampede.core.errors import RequestError, StoreError
from stampede.core.model import AT_ONCE, Answer, Role
from stampede.core.ports import Clock
from stampede.engine.barrier import Barrier
from stampede.engine.instants import Instants
from stampede.measure.records import Recorder
from stampede.protection.choices import Get
from stampede.scenario.model import Scenario
from stampede.workload.laws import Share

QUIET_S = 0.02
RESTARTED = "its instance was restarted"


class Callers:
    """The callers of one instance in one trial.

    Those of the first instant are tasks that wait at the barrier before it opens; the later ones of an open-loop
    workload are started by a pacer at their intended time, however slow the answers are (no coordinated omission).
    """

    def __init__(
        self, get: Get, names: list[str], scenario: Scenario, share: Share, random: Random, clock: Clock
    ) -> None:
        self.records = Recorder()
        self.get = get
        self._clock = clock
        self._client = scenario.client
        self._random = random
        self._law, self._keys = scenario.workload.arrivals, scenario.workload.keys
        self._names = names
        self._barrier = Barrier(clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._released_at = math.inf  # until the run says when
        # Who begins when, in seconds from the release, and with which key.
        self._offsets = array("d", self._law.offsets(scenario.workload.concurrency or 0, share, random))
        self._wanted = array("i", (self._keys.pick(random) for _ in self._offsets))
        self._open = len(self._offsets)
        self._all_ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def assemble(self) -> None:
        """Bring every caller of the first instant to the barrier."""
        for at, key in zip(self._offsets, self._wanted, strict=True):
            if at == 0.0:
                self._start(self._answer(key, self.records.intend(key, 0.0)))
        gc.collect()
        await asyncio.sleep(0)

    async def run(self, release_at: float, deadline: float) -> None:
        """Open the barrier at `release_at`, start the later callers, and wait for all answers.

        After `deadline` seconds the unanswered are cancelled; their records say timeout.
        """
        self._released_at = release_at
        # A collection in the middle of a burst would be felt as latency of the strategy.
        gc.disable()
        for row in range(len(self.records)):
            self.records.intended[row] = release_at
        try:
            await self._barrier.open_at(release_at)
            async with asyncio.timeout(deadline):
                await self._pace()
                if self._open:
                    await self._all_ended
        except TimeoutError:
            self._all_ended.cancel()  # nobody asks again
        finally:
            await _cancel(self._tasks, "")
            # The other instances may still be busy: tidying up now would be felt as their latency.
            await asyncio.sleep(QUIET_S)
            gc.enable()

    async def interrupt(self, get: Get) -> None:
        """What is under way is lost, as in a restart; later requests go to another protection."""
        self.get = get
        # A task that has not taken its first step would end without a word in its record: it is not under way yet.
        await _cancel([task for task in self._tasks if _begun(task)], RESTARTED)

    async def _pace(self) -> None:
        with Instants.on(self._clock) as instants:
            for at, key in zip(self._offsets, self._wanted, strict=True):
                if at == 0.0:
                    continue
                instant = self._released_at + at
                await instants.until(instant)
                self._start(self._answer(key, self.records.intend(key, instant)))

    def _start(self, request: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(request)
        self._tasks.add(task)
        if self._barrier.opened.done():  # a burst has no time for this, and is over soon
            task.add_done_callback(self._tasks.discard)

    def _ended(self) -> None:
        """A caller has its answer: it asks again, if the law says so, or leaves."""
        pause = self._law.again(self._random)
        if pause is None:
            self._leave()
        else:
            asyncio.get_running_loop().call_later(pause, self._ask_again)

    def _ask_again(self) -> None:
        now = self._clock()
        if now >= self._released_at + self._law.length() or self._all_ended.done():
            self._leave()
        else:
            key = self._keys.pick(self._random)
            self._start(self._answer(key, self.records.intend(key, now)))

    def _leave(self) -> None:
        self._open -= 1
        if not self._open and not self._all_ended.done():
            self._all_ended.set_result(None)

    async def _answer(self, key: int, row: int) -> None:
        # One coroutine from the barrier to the record: every further one costs each request in flight 200 bytes.
        await self._barrier.opened
        records, clock = self.records, self._clock
        records.started[row] = clock()
        try:
            if self._client.timeout is None:
                answer = await self.get(self._names[key])
            else:
                answer = await self._patiently(self._names[key])
        except RequestError as error:
            records.store_failures += isinstance(error, StoreError)
            records.failed(row, clock(), str(error))
        except TimeoutError:
            records.gave_up(row, clock())
        except asyncio.CancelledError as cancelled:
            if RESTARTED not in cancelled.args:
                records.gave_up(row, clock())
                raise
            records.failed(row, clock(), RESTARTED)
        except Exception as error:  # a third party's plug-in: its bug is a result, not our crash
            records.failed(row, clock(), f"{type(error).__name__}: {error}")
        else:
            records.answered(row, clock(), answer.role, answer.entry.version)
        self._ended()

    async def _patiently(self, name: str) -> Answer:
        """Ask as a client with a timeout and retries does. Raises what the last try raised."""
        client = self._client
        for left in range(client.retries, -1, -1):
            try:
                async with asyncio.timeout(client.timeout):
                    answer = await self.get(name)
                # Who comes back and finds a value was not answered at once.
                late = left < client.retries and answer.role in AT_ONCE
                return answer._replace(role=Role.WAITER) if late else answer
            except (RequestError, TimeoutError) as error:
                if not left:
                    raise
                self.records.store_failures += isinstance(error, StoreError)
                self.records.retries += 1
                await asyncio.sleep(client.backoff)
        raise AssertionError("unreachable")


async def _cancel(tasks: Iterable[asyncio.Task[None]], why: str) -> None:
    pending = [task for task in tasks if not task.done()]
    for task in pending:
        task.cancel(why)
    if pending:
        await asyncio.wait(pending)


def _begun(task: asyncio.Task[None]) -> bool:
    coroutine = task.get_coro()
    return inspect.iscoroutine(coroutine) and inspect.getcoroutinestate(coroutine) != inspect.CORO_CREATED
