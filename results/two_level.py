"""Measures what `two-level` promises, with real processes and a real Redis; prints a Markdown table.

python results/two_level.py > results/two-level.md
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from random import Random
from typing import NamedTuple

import numpy as np
from redis.asyncio import Redis

from stampede.core.model import Answer, Loaded, Outcome
from stampede.core.tasks import Tasks
from stampede.core.units import Duration
from stampede.engine.bench import Bench, Servers
from stampede.engine.execution import execute
from stampede.origins.latency import Latency
from stampede.processes.redis_server import EmbeddedRedis
from stampede.protection import compose
from stampede.protection.compose import Protection
from stampede.protection.strategy import Strategy
from stampede.scenario.fault import Fault
from stampede.scenario.model import CacheSetup, DatabaseSetup, Event, FleetSetup, Scenario, Workload
from stampede.stores.redis.store import RedisStore

CALLERS, INSTANCES = 500, 4
LEASE_S = 2.0


class Row(NamedTuple):
    """One promise: what was done, what was asked, what was measured, and whether it was kept."""

    promise: str
    asked: str
    measured: str
    kept: bool


def cold(latency: str, *events: Event) -> Scenario:
    """4 × 125 callers on one cold key."""
    return Scenario(
        "promises",
        workload=Workload(concurrency=CALLERS),
        cache=CacheSetup(ttl=Duration(60.0)),
        database=DatabaseSetup(latency=Latency.parse(latency)),
        fleet=FleetSetup(INSTANCES),
        events=events,
    )


async def slow_loader(bench: Bench) -> Row:
    """A load of 5 s."""
    trial, _ = await execute(bench, cold("5s"), Strategy.parse("two-level"), 1, 1)
    kept = trial.db_hits == 1 and trial.redis_commands <= 60 and trial.ok == CALLERS
    return Row(
        "4 × 125 callers, a loader of 5 s",
        "1 load, at most 60 Redis commands in all",
        f"{trial.db_hits} load, {trial.redis_commands} commands, {trial.ok} answers",
        kept,
    )


async def killed_holder(bench: Bench) -> Row:
    """The leaseholder's process is killed by SIGKILL while it loads."""
    running = asyncio.create_task(execute(bench, cold("400ms"), Strategy.parse("two-level"), 1, 1))
    redis = Redis.from_url(bench.store.url)
    while not (guards := [g async for g in redis.scan_iter(match=b"stampede:*guard:*")]):
        await asyncio.sleep(0.005)
    token = await redis.get(guards[0])
    assert isinstance(token, bytes)
    holder = int(token.partition(b".")[0])
    await asyncio.sleep(0.2)
    bench.fleet.kill(holder)
    trial, requests = await running
    await redis.aclose()
    ended = requests.ended[requests.outcome == Outcome.OK]
    first, last = ended.min() - 0.2, ended.max() - 0.2
    kept = trial.db_hits == 2 and trial.ok == CALLERS * 3 // 4 and last <= LEASE_S + 0.3
    return Row(
        "the holder is SIGKILLed 0.2 s into its load of 0.4 s, lease 2 s",
        "first and last answer within lease + 0.3 s, 1 further load",
        f"first {first:.2f} s, last {last:.2f} s after the kill, {trial.db_hits - 1} further load, "
        f"{trial.ok} answers of the {CALLERS * 3 // 4} callers left",
        kept,
    )


async def failing_loader(bench: Bench) -> Row:
    """The load fails."""
    event = Event(at=Duration(0.001), do=Fault.parse("failing-database(lasting=300ms)"))
    failing = cold("100ms", event)
    trial, requests = await execute(bench, failing, Strategy.parse("two-level"), 1, 1)
    after, _ = await execute(bench, cold("100ms"), Strategy.parse("two-level"), 2, 2)
    slowest = float(np.nanmax(requests.ended))
    kept = trial.db_hits == 1 and trial.errors == CALLERS and len(trial.error_messages) == 1 and after.ok == CALLERS
    return Row(
        "the loader raises",
        "1 load, 500 callers with that error, the next request succeeds",
        f"{trial.db_hits} load, {trial.errors} errors ({', '.join(trial.error_messages)}), the last after "
        f"{slowest * 1000:.0f} ms; then {after.ok} answers",
        kept,
    )


async def short_lease(bench: Bench) -> Row:
    """The load takes three leases."""
    trial, _ = await execute(bench, cold("1500ms"), Strategy.parse("two-level(lease=500ms)"), 1, 1)
    return Row(
        "lease 0.5 s, loader 1.5 s",
        "1 load",
        f"{trial.db_hits} load, {trial.ok} answers",
        trial.db_hits == 1 and trial.ok == CALLERS,
    )


class Fixture:
    """Two instances' protections in this process, over a real Redis, where single callers can be cancelled."""

    def __init__(self, stores: list[RedisStore]) -> None:
        self.version = 1
        self.loads = 0
        self.tasks = Tasks()
        self.instances = [self._protection(store, number) for number, store in enumerate(stores)]

    def _protection(self, store: RedisStore, number: int) -> Protection:
        return compose.protection(
            Strategy.parse("two-level"),
            store=store,
            origin=self.load,
            ttl=60.0,
            clock=time.monotonic,
            random=Random(number),
            tasks=self.tasks,
            owner=f"p{number}",
        )

    async def load(self, key: str) -> Loaded:
        """0.3 s; what it gives is what was there when it began."""
        self.loads += 1
        version = self.version
        await asyncio.sleep(0.3)
        return Loaded(b"%d" % version, version)


async def on_two(url: str, prefix: str, work: Callable[[Fixture], Awaitable[Row]]) -> Row:
    """Run `work` on two instances in this process."""
    stores = [await RedisStore.open(url, prefix) for _ in range(2)]
    fixture = Fixture(stores)
    try:
        return await work(fixture)
    finally:
        await fixture.tasks.settle(1)
        for store in stores:
            await store.close()


async def cancelled(fixture: Fixture) -> Row:
    """One of 100 callers is cancelled: the first (leader), then a follower."""
    answers = []
    for key, victim in (("leader", 0), ("follower", 50)):
        callers = [asyncio.create_task(_get(fixture, number, key)) for number in range(100)]
        await asyncio.sleep(0.1)
        callers[victim].cancel()
        results = await asyncio.gather(*callers, return_exceptions=True)
        answers.append(sum(isinstance(result, Answer) for result in results))
    return Row(
        "1 of 100 callers is cancelled: the leader, then a follower",
        "99 answers each, 1 load each",
        f"{answers[0]} and {answers[1]} answers, {fixture.loads} loads in all",
        answers == [99, 99] and fixture.loads == 2,
    )


async def _get(fixture: Fixture, number: int, key: str) -> Answer:
    return await fixture.instances[number % 2].get(key)


async def invalidated(fixture: Fixture) -> Row:
    """The key is invalidated in the middle of its load."""
    first = asyncio.create_task(_get(fixture, 0, "k"))
    await asyncio.sleep(0.1)
    fixture.version = 2
    await fixture.instances[1].invalidate("k")
    old = 0
    until = time.monotonic() + 1.5
    asked = 0
    while time.monotonic() < until:
        answers = await asyncio.gather(*(_get(fixture, number, "k") for number in range(20)))
        asked += len(answers)
        old += sum(answer.entry.version < 2 for answer in answers)
        await asyncio.sleep(0.005)
    await first
    return Row(
        "invalidated in the middle of the load",
        "the old value is never served afterwards",
        f"{old} of {asked:,} later answers are old, {fixture.loads} loads in all",
        old == 0,
    )


async def stopped_redis(bench: Bench) -> Row:
    """Redis stops answering (SIGSTOP) in the middle of a burst."""
    running = asyncio.create_task(execute(bench, cold("1s"), Strategy.parse("two-level"), 1, 1))
    redis = Redis.from_url(bench.store.url)
    pid = int((await redis.info("server"))["process_id"])
    while not [guard async for guard in redis.scan_iter(match=b"stampede:*guard:*")]:
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.3)
    os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(8)
    os.kill(pid, signal.SIGCONT)
    trial, requests = await running
    await redis.aclose()
    last = float(np.nanmax(requests.ended))
    kept = trial.db_hits <= INSTANCES and trial.ok == CALLERS and last < 7
    return Row(
        "Redis is stopped (SIGSTOP) in the middle of a burst, load 1 s",
        "at most 1 load per instance, no caller hangs",
        f"{trial.db_hits} loads, {trial.ok} answers, the last after {last:.2f} s, {trial.degraded} flights degraded",
        kept,
    )


async def measure() -> list[Row]:
    """All promises, one after the other."""
    rows = []
    async with Bench.open(Servers(), FleetSetup(INSTANCES)) as bench:
        rows += [await promise(bench) for promise in (slow_loader, failing_loader, short_lease)]
        rows += [await promise(bench) for promise in (killed_holder, stopped_redis)]
    redis = EmbeddedRedis()
    try:
        await redis.ready()
        rows.append(await on_two(redis.url, "promises-1:", cancelled))
        rows.append(await on_two(redis.url, "promises-2:", invalidated))
    finally:
        redis.stop()
    return rows


def markdown(rows: list[Row]) -> str:
    """The table."""
    lines = ["| what is done | asked | measured | kept |", "|---|---|---|---|"]
    lines += [f"| {row.promise} | {row.asked} | {row.measured} | {'yes' if row.kept else 'NO'} |" for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    print("# What `two-level` promises, measured\n")
    print("Made by `python results/two_level.py`. 500 callers over 4 processes unless it says otherwise.\n")
    print(markdown(asyncio.run(measure())))
