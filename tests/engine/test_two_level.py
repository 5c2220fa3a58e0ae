"""What `two-level` promises, with real processes and real servers: the short form of `results/two_level.py`."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

import numpy as np
from redis.asyncio import Redis

from stampede.core.model import Loaded, Outcome
from stampede.core.tasks import Tasks
from stampede.core.units import Duration
from stampede.engine.bench import Bench, Servers
from stampede.engine.execution import execute
from stampede.origins.latency import Latency
from stampede.protection.compose import Protection, protection
from stampede.protection.strategy import Strategy
from stampede.scenario.fault import Fault
from stampede.scenario.model import CacheSetup, DatabaseSetup, Event, FleetSetup, Scenario, Workload
from stampede.stores.redis.store import RedisStore

CALLERS, INSTANCES = 90, 3
LEASE_S, LOAD_S = 0.5, 0.4
NOTICED_S = 1.0
"""A shared machine may be that late; a broken promise costs more, or another load."""


def cold(latency: str, *events: Event) -> Scenario:
    """So many callers on one cold key."""
    return Scenario(
        "promises",
        workload=Workload(concurrency=CALLERS),
        cache=CacheSetup(ttl=Duration(60.0)),
        database=DatabaseSetup(latency=Latency.parse(latency)),
        fleet=FleetSetup(INSTANCES),
        events=events,
    )


def on_bench(work: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    """Do the work with a bench of three instances."""

    async def main() -> None:
        async with Bench.open(Servers(), FleetSetup(INSTANCES)) as bench:
            await work(bench)

    asyncio.run(main())


async def holder(redis: Redis) -> int:
    """The instance that holds the lease, as soon as one does."""
    async with asyncio.timeout(20):
        while not (guards := [name async for name in redis.scan_iter(match=b"stampede:*guard:*")]):
            await asyncio.sleep(0.005)
    token = await redis.get(guards[0])
    assert isinstance(token, bytes)
    return int(token.partition(b".")[0])


def test_a_load_of_five_leases_is_one_load_and_costs_its_renewals_only() -> None:
    async def work(bench: Bench) -> None:
        trial, _ = await execute(bench, cold("1500ms"), Strategy.parse("two-level(lease=300ms)"), 1, 1)
        assert (trial.db_hits, trial.ok, trial.fenced_fills) == (1, CALLERS, 0)
        # A renewal every 100 ms, a question whenever a lease may have ended, and a handful at both ends.
        assert trial.redis_commands <= 15 + 5 * INSTANCES + 3 * INSTANCES + 10

    on_bench(work)


def test_a_load_that_fails_is_one_load_and_everybodys_error_and_the_next_request_succeeds() -> None:
    async def work(bench: Bench) -> None:
        failing = Event(at=Duration(0.001), do=Fault.parse("failing-database(lasting=1s)"))
        trial, requests = await execute(bench, cold("400ms", failing), Strategy.parse("two-level"), 1, 1)
        assert (trial.db_hits, trial.errors, len(trial.error_messages)) == (1, CALLERS, 1)
        assert float(np.nanmax(requests.ended)) < 0.4 + NOTICED_S
        after, _ = await execute(bench, cold("100ms"), Strategy.parse("two-level"), 2, 2)
        assert (after.db_hits, after.ok) == (1, CALLERS)

    on_bench(work)


async def loading(bench: Bench) -> None:
    """Wait until a load has reached the database."""
    assert bench.slow is not None
    async with asyncio.timeout(20):
        while not (await bench.slow.client.seen()).hits:
            await asyncio.sleep(0.005)


def test_a_holder_that_is_killed_is_followed_within_one_lease_by_one() -> None:
    async def work(bench: Bench) -> None:
        running = asyncio.create_task(
            execute(bench, cold("400ms"), Strategy.parse(f"two-level(lease={Duration(LEASE_S)})"), 1, 1)
        )
        async with Redis.from_url(bench.store.url) as redis:
            owner = await holder(redis)
            await loading(bench)
            bench.fleet.kill(owner)
        trial, requests = await running
        survivors = CALLERS * (INSTANCES - 1) // INSTANCES
        assert (trial.db_hits, trial.ok) == (2, survivors)
        assert requests.ended[requests.outcome == Outcome.OK].max() < LEASE_S + LOAD_S + NOTICED_S

    on_bench(work)


def test_when_redis_stops_answering_every_process_loads_once_and_nobody_hangs() -> None:
    async def work(bench: Bench) -> None:
        running = asyncio.create_task(execute(bench, cold("500ms"), Strategy.parse("two-level"), 1, 1))
        async with Redis.from_url(bench.store.url) as redis:
            pid = int((await redis.info("server"))["process_id"])
            await holder(redis)
            os.kill(pid, signal.SIGSTOP)
            try:
                await asyncio.wait([running], timeout=5)
            finally:
                os.kill(pid, signal.SIGCONT)
        trial, requests = await running
        assert (trial.ok, trial.errors) == (CALLERS, 0)
        assert 1 <= trial.db_hits <= INSTANCES
        assert trial.degraded >= 1, "Redis was not missed"
        assert float(np.nanmax(requests.ended)) < 5 + NOTICED_S

    on_bench(work)


def test_after_an_invalidation_in_mid_load_no_process_serves_the_old_value(redis_url: str) -> None:
    """The load that was under way can no longer publish, and whoever asks afterwards starts a new one."""
    asyncio.run(_invalidate_in_mid_load(redis_url))


async def _invalidate_in_mid_load(redis_url: str) -> None:
    version, tasks = 1, Tasks()

    async def load(key: str) -> Loaded:
        loaded = Loaded(b"1", version)
        await asyncio.sleep(0.15)
        return loaded

    def instance(store: RedisStore, number: int) -> Protection:
        return protection(
            Strategy.parse("two-level"),
            store=store,
            origin=load,
            ttl=60.0,
            clock=time.monotonic,
            random=Random(number),
            tasks=tasks,
            owner=f"i{number}",
        )

    prefix = f"test:{{{Random().getrandbits(64):x}}}:"
    stores = [await RedisStore.open(redis_url, prefix) for _ in range(2)]
    try:
        instances = [instance(store, number) for number, store in enumerate(stores)]
        before = [asyncio.ensure_future(each.get("k")) for each in instances]
        await asyncio.sleep(0.05)
        version = 2
        await instances[1].invalidate("k")
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            for each in instances:
                assert (await each.get("k")).entry.version == 2
        assert {(await each).entry.version for each in before} <= {1, 2}
        await tasks.settle(1)
    finally:
        for store in stores:
            await store.close()
