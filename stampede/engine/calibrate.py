"""What this machine can measure validly: the harness measures itself."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from random import Random

import msgspec
from redis.asyncio import Redis

from stampede.core.model import Entry, Loaded
from stampede.core.tasks import Tasks
from stampede.engine.bench import Bench
from stampede.engine.callers import Callers
from stampede.engine.demand import demand
from stampede.engine.execution import execute
from stampede.engine.interrupts import until_interrupted
from stampede.engine.run import FLOOR_STRATEGY, Session, new_run
from stampede.engine.seeds import trial_seed
from stampede.measure.calibration import Calibration, Paired, SizeRow
from stampede.protection import compose
from stampede.protection.strategy import Strategy
from stampede.scenario import reading
from stampede.scenario.model import FleetSetup, Scenario, Workload
from stampede.stores.memory import MemoryStore
from stampede.stores.redis.codec import value_name
from stampede.stores.redis.store import RedisStore
from stampede.stores.redis.wire import connect, disconnect
from stampede.workload.laws import Share

SIZES = (100, 500, 1000, 5000, 10_000)
IN_FLIGHT = 50
GETS = 10_000
MEMORY_REQUESTS = 10_000
VALUE = b"x" * 1500


async def calibrate(instances: int, trials: int, session: Session) -> Calibration:
    """Measure arrival spread and floor by burst size, the store against redis-py's pool, and memory.

    Raises:
        StampedeError: the bench could not be set up.
    """
    base = reading.load("warm-hits")
    base = msgspec.structs.replace(base, fleet=FleetSetup(instances))
    result = Calibration(new_run(base, session.seed))
    result.run.interrupted = await until_interrupted(lambda: _measure(result, base, trials, session))
    return result


async def _measure(result: Calibration, base: Scenario, trials: int, session: Session) -> None:
    run = result.run
    session.begins("starting servers and instances")
    largest = msgspec.structs.replace(base.workload, concurrency=max(SIZES))
    asked = demand(msgspec.structs.replace(base, workload=largest))
    async with Bench.open(session.servers, base.fleet, demand=asked) as bench:
        run.environment.update(bench.describe())
        for size in SIZES:
            workload = msgspec.structs.replace(base.workload, concurrency=size)
            scenario = msgspec.structs.replace(base, name=f"burst-{size}", workload=workload)
            session.begins(f"bursts of {size:,}")
            await execute(bench, scenario, FLOOR_STRATEGY, 0, run.seed)
            for number in range(1, trials + 1):
                trial, _ = await execute(bench, scenario, FLOOR_STRATEGY, number, trial_seed(run.seed, number))
                run.trials.append(trial)
                session.progress.ends(trial)
            result.sizes.append(SizeRow.of(run.trials[-trials:]))
        session.begins("the store against redis-py's pool", here=True)
        result.gets = await _compare_gets(bench.store.url, bench.store.prefix, trials)
    session.begins("memory per request in flight", here=True)
    for spec in ("none", "single-flight", "two-level"):
        result.memory[spec] = await _memory_per_request(Strategy.parse(spec))


async def _compare_gets(url: str, prefix: str, trials: int) -> Paired:
    """GET/s with 50 in flight, the store and redis-py's blocking pool of 50 in turn, over the same key."""
    store = await RedisStore.open(url, prefix)
    pooled: Redis = connect(url, IN_FLIGHT)
    await store.put("gets", Entry(VALUE, 1, 0.0, 0.0, float("inf"), 0.0), ttl=60)

    async def raw() -> object:
        return await pooled.get(value_name(prefix, "gets"))

    try:
        pairs = [(await _rate(lambda: store.get("gets")), await _rate(raw)) for _ in range(trials + 1)]
        return Paired.of(pairs[1:])
    finally:
        await store.delete("gets")
        await store.close()
        await disconnect(pooled)


async def _rate(get: Callable[[], Awaitable[object]]) -> float:
    left = iter(range(GETS))

    async def worker() -> None:
        for _ in left:
            await get()

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    return GETS / (time.perf_counter() - began)


async def _memory_per_request(strategy: Strategy) -> float:
    """Bytes of Python memory per request while all of a burst wait for the origin."""
    loop = asyncio.get_running_loop()
    loads: list[asyncio.Future[Loaded]] = []

    def origin(key: str) -> asyncio.Future[Loaded]:
        loads.append(loop.create_future())
        return loads[-1]

    tasks = Tasks()
    protection = compose.protection(
        strategy,
        store=MemoryStore(time.monotonic),
        origin=origin,
        ttl=60.0,
        clock=time.monotonic,
        random=Random(1),
        tasks=tasks,
        owner="memory",
    )
    scenario = Scenario("memory", workload=Workload(concurrency=MEMORY_REQUESTS))
    gc.collect()
    tracemalloc.start()
    try:
        requests = Callers(protection.get, ["m"], scenario, Share(0, 1), Random(1), time.monotonic)
        await requests.assemble()
        running = asyncio.create_task(requests.run(time.monotonic(), 60))
        await asyncio.sleep(0.5)
        while not loads:
            await asyncio.sleep(0.05)
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    for load in loads:
        load.set_result(Loaded(VALUE, 1))
    await running
    await tasks.settle(1)
    return used / MEMORY_REQUESTS
