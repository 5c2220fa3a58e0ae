"""A real bench: real servers, real instances, one trial at a time."""

from __future__ import annotations

import asyncio
import json
import multiprocessing.util
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from stampede.core.errors import RedisUnavailable
from stampede.engine.bench import Bench, Servers
from stampede.engine.execution import execute
from stampede.measure.trial import Trial
from stampede.protection.strategy import Strategy
from stampede.scenario import reading
from stampede.scenario.model import CacheSetup, FleetSetup, Scenario, Workload

COLD = reading.parse(
    """
    strategies = ["two-level"]
    workload = { concurrency = 40 }
    database = { latency = "300ms" }
    fleet = { instances = 2 }
    """,
    "cold",
    "cold",
)


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary folders, with a short name for the sockets in it; empty at the end."""
    multiprocessing.util.get_temp_dir()  # multiprocessing's own, for as long as this process lives
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="s") as short:
        monkeypatch.setattr(tempfile, "tempdir", short)
        yield Path(short)
        # The fleet's own folder stays as long as this process, for the next fleet.
        assert not [each for each in Path(short).glob("stampede-*") if "-run-" not in each.name]


def on_bench(work: Callable[[Bench], Coroutine[Any, Any, None]], servers: Servers = Servers()) -> None:  # noqa: B008
    """Do the work with a bench of two instances."""

    async def main() -> None:
        async with Bench.open(servers, FleetSetup(2)) as bench:
            await work(bench)

    asyncio.run(main())


async def trial(bench: Bench, number: int = 1, scenario: Scenario = COLD, strategy: str = "two-level") -> Trial:
    return (await execute(bench, scenario, Strategy.parse(strategy), number, seed=number))[0]


def test_five_hundred_requests_arrive_together_and_their_spread_is_recorded() -> None:
    burst = msgspec.structs.replace(COLD, workload=Workload(concurrency=500))

    async def work(bench: Bench) -> None:
        for strategy, hits in (("single-flight", 2), ("two-level", 1)):
            one, requests = await execute(bench, burst, Strategy.parse(strategy), 1, seed=1)
            assert one.valid, one.reasons
            assert (one.requests, one.ok, one.db_hits, one.loads) == (500, 500, hits, hits)
            assert 0 < one.arrival_spread_ms < 150
            assert len(requests) == 500
            assert requests.instance.tolist().count(0) == requests.instance.tolist().count(1) == 250
            assert requests.started.min() >= 0, "somebody left before the release"

    on_bench(work)


def test_a_trial_leaves_no_key_behind_and_the_next_one_is_cold_again() -> None:
    async def work(bench: Bench) -> None:
        async with Redis.from_url(bench.store.url) as redis:
            for number in (1, 2):
                assert (await trial(bench, number)).db_hits == 1
                assert await redis.dbsize() == 0

    on_bench(work)


def test_a_warm_start_asks_the_database_for_nothing() -> None:
    warm = msgspec.structs.replace(COLD, cache=CacheSetup(start="warm"))

    async def work(bench: Bench) -> None:
        one = await trial(bench, scenario=warm, strategy="none")
        assert (one.db_hits, one.db_hits_ideal, one.loads, one.ok) == (0, 0, 0, 40)
        assert list(one.roles) == ["hit"]

    on_bench(work)


def test_an_instance_that_dies_in_a_trial_makes_it_invalid_and_the_next_one_is_valid() -> None:
    async def work(bench: Bench) -> None:
        running = asyncio.create_task(trial(bench))
        async with Redis.from_url(bench.store.url) as redis:
            async with asyncio.timeout(20):
                while not await redis.keys("*guard:*"):
                    await asyncio.sleep(0.005)
        bench.fleet.kill(1)
        killed = await running
        assert not killed.valid
        assert killed.reasons == ["instance 1 died"]
        assert killed.requests == 20
        healthy = await trial(bench, 2)
        assert healthy.valid, healthy.reasons
        assert (healthy.requests, healthy.ok) == (40, 40)

    on_bench(work)


def test_an_instance_that_dies_between_trials_costs_one_trial_at_most() -> None:
    async def work(bench: Bench) -> None:
        assert (await trial(bench, 1)).valid
        bench.fleet.kill(0)
        await trial(bench, 2)
        healthy = await trial(bench, 3)
        assert healthy.valid, healthy.reasons
        assert (healthy.requests, healthy.ok) == (40, 40)

    on_bench(work)


def test_the_bench_describes_its_servers() -> None:
    async def work(bench: Bench) -> None:
        described = bench.describe()
        assert described["redis"].startswith("Valkey ")
        assert described["redis"].endswith("(embedded)")
        assert described["database"] == "fake-slow SQLite"
        assert json.dumps(described)

    on_bench(work)


def test_a_bench_that_cannot_start_leaves_nothing_and_does_not_linger() -> None:
    async def work(bench: Bench) -> None:
        raise AssertionError("it must not start")

    began = time.monotonic()
    with pytest.raises(RedisUnavailable, match="did not start"):
        on_bench(work, Servers(redis_server="true"))
    assert time.monotonic() - began < 10
