"""The fake database against theory: bursts and queues, driven by this one process and nothing else."""

from __future__ import annotations

import asyncio
import gc
import math
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from random import Random

from stampede.core.errors import DatabaseUnavailable, LoadError
from stampede.core.model import Loaded
from stampede.core.units import Duration
from stampede.engine import environment
from stampede.engine.instants import Instants
from stampede.engine.interrupts import until_interrupted
from stampede.engine.machine import CpuTimes, processors
from stampede.engine.run import Session
from stampede.engine.seeds import trial_seed
from stampede.measure.queues import Queue
from stampede.measure.theory import Burst, BurstSeen, TheoryCheck, burst_rows, burst_seen, queue_name, queue_rows
from stampede.measure.validity import unsteady
from stampede.origins.latency import Latency
from stampede.origins.slow import SlowDatabaseClient
from stampede.origins.window import Seen
from stampede.processes.slow_database import SlowDatabaseProcess

BURSTS = [Burst(connections, Duration(s)) for connections in (1, 20, 100, 2000) for s in (0.02, 0.1, 0.2)]
QUEUES = [
    Queue(Latency.parse(latency), connections)
    for latency, connections in (("20ms", 1), ("100ms", 20), ("exponential(mean=50ms)", 5))
]
QUEUE_S = 7.0
"""How long loads arrive at a queue, for each trial that was asked for."""

PARTS = 12
"""A burst leaves in so many frames, as from so many instances: what is asked for first is soon on its way."""

KEYS = [f"k{number}" for number in range(3000)]


class Loads:
    """Loads under way, and when each had ended."""

    def __init__(self, database: SlowDatabaseClient) -> None:
        self.ended: list[float] = []
        self._database = database
        self._under_way = 0
        self._failed: BaseException | None = None
        self._idle = asyncio.Event()

    def load(self, key: str) -> None:
        """Begin a load."""
        self._under_way += 1
        self._idle.clear()
        self._database.load(key).add_done_callback(self._note)

    async def all_ended(self) -> None:
        """Wait for the last. Raises LoadError if one failed."""
        await self._idle.wait()
        if self._failed is not None:
            raise self._failed

    def _note(self, load: asyncio.Future[Loaded]) -> None:
        self.ended.append(time.monotonic())
        self._failed = load.exception() or self._failed
        self._under_way -= 1
        if not self._under_way:
            self._idle.set()


async def check_theory(trials: int, session: Session) -> TheoryCheck:
    """Fire every burst `trials` times, and let every queue run as many times QUEUE_S.

    Raises:
        StampedeError: the database could not be started, or went away.
    """
    created = datetime.now(UTC).isoformat(timespec="seconds")
    result = TheoryCheck(
        environment.own_version(), created, environment.describe(), session.seed, trials, rows=[], warnings=[]
    )
    before = CpuTimes.now()
    with _no_collections():
        result.interrupted = await until_interrupted(lambda: _measure(result, session))
    if seen := processors(before, CpuTimes.now()):
        result.warnings += [each.words for each in unsteady(seen, all_known=False)]
    return result


async def _measure(result: TheoryCheck, session: Session) -> None:
    async with _database() as database:
        for burst in BURSTS:
            session.begins(f"bursts of {burst}", here=True)
            seen = [await fire(database, burst) for _ in range(result.trials)]
            result.rows += burst_rows(burst, seen)
    session.begins(f"{', '.join(map(queue_name, QUEUES))}, at the same time", here=True)
    seeds = [trial_seed(result.seed, number) for number in range(1, len(QUEUES) + 1)]
    seconds = result.trials * QUEUE_S
    queues = [_run_apart(queue, seconds, seed) for queue, seed in zip(QUEUES, seeds, strict=True)]
    for queue, seen_there, seed in zip(QUEUES, await asyncio.gather(*queues), seeds, strict=True):
        result.rows += queue_rows(queue, seen_there, seed)


async def fire(database: SlowDatabaseClient, burst: Burst) -> BurstSeen:
    """One burst, sent as quickly as this process can."""
    await database.reset(str(burst.latency), burst.connections, 1)
    callers, part = Loads(database), math.ceil(burst.requests / PARTS)
    released = time.monotonic()
    for number in range(burst.requests):
        callers.load(KEYS[number % len(KEYS)])
        if number % part == part - 1:
            await asyncio.sleep(0)
    await callers.all_ended()
    return burst_seen(await database.seen(), released, callers.ended)


async def run_queue(database: SlowDatabaseClient, queue: Queue, seconds: float, seed: int) -> Seen:
    """Poisson arrivals for so long, each at its instant. The database draws lengths from `seed`."""
    await database.reset(str(queue.latency), queue.connections, seed)
    callers, random = Loads(database), Random(f"arrivals {seed}")
    with Instants.on(time.monotonic) as instants:
        instant = time.monotonic()
        end = instant + seconds
        while (instant := instant + random.expovariate(queue.rate)) < end:
            await instants.until(instant)
            callers.load(KEYS[0])
    await callers.all_ended()
    return await database.seen()


async def _run_apart(queue: Queue, seconds: float, seed: int) -> Seen:
    async with _database() as database:
        return await run_queue(database, queue, seconds, seed)


@asynccontextmanager
async def _database() -> AsyncIterator[SlowDatabaseClient]:
    """A warm database of its own."""
    process = SlowDatabaseProcess()
    try:
        await process.ready()
        database = await SlowDatabaseClient.open(str(process.path))
        try:
            await fire(database, Burst(len(KEYS), Duration(0.001)))
            yield database
        except LoadError as error:
            raise DatabaseUnavailable(
                f"the fake-slow database failed while it was checked ({error}): try again"
            ) from None
        finally:
            await database.close()
    finally:
        process.stop()


@contextmanager
def _no_collections() -> Iterator[None]:
    """A garbage collection would hold up all callers."""
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
