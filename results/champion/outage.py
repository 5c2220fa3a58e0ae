"""Who waits how long when Redis stands still: SIGSTOP in mid-load, for 2 s, and four processes that go on asking.

python results/champion/outage.py > results/champion/outage.md
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import NamedTuple

import uvloop
from redis.asyncio import Redis

sys.path.append(str(Path(__file__).parents[2]))  # what makes the results is no part of what is installed

from results.champion.instances import instance
from results.champion.page import Page, Size, Target, between, show
from stampede.core.errors import RequestError
from stampede.core.model import Loaded, Role
from stampede.core.tasks import Tasks
from stampede.processes.redis_server import EmbeddedRedis
from stampede.protection.counters import Counters
from stampede.stores.redis.store import RedisStore

SOFT_S, REST_S = 0.1, 1.0
SPEC = f"two-level+store(timeout={SOFT_S * 1000:g}ms,breaker={REST_S:g}s)"
INSTANCES = 4
LOAD_S = 0.3
EVERY_S = 0.01
"""From one caller of a key in a process to the next."""

LEAD_S = 0.3
INTO_THE_LOAD_S = 0.2 * LOAD_S, 0.8 * LOAD_S
"""When Redis stops: another moment in every trial, for the champion feels its pulse at moments of its own."""

CLOSED_AFTER_S = REST_S + 2 * SOFT_S
"""The breaker has tried again by then, and found Redis there."""

TAIL_S = LOAD_S + 0.3
LATE_MS = 20.0
"""What busy event loops may add to a bound."""


class Times(NamedTuple):
    """When everything happens, on the clock of all processes."""

    begin: float
    stop: float
    go_on: float
    afterwards: float
    end: float

    @classmethod
    def of(cls, begin: float, stopped_s: float) -> Times:
        """Callers of the held key begin first, and Redis stops while the other one is loaded."""
        stop = begin + 2 * LEAD_S + random.uniform(*INTO_THE_LOAD_S)
        afterwards = stop + stopped_s + CLOSED_AFTER_S
        return cls(begin, stop, stop + stopped_s, afterwards, afterwards + TAIL_S)


class Call(NamedTuple):
    """One caller; `role` is None where it got an error."""

    key: str
    started: float
    ended: float
    role: Role | None


class Load(NamedTuple):
    """One load of an instance."""

    key: str
    began: float
    ended: float


@dataclass
class Seen:
    """What one instance did in a trial."""

    calls: list[Call] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    counters: Counters = field(default_factory=Counters)


HELD, LOADING, LATER = "held", "loading", "later"
"""A key whose value is there, one that is loaded when Redis stops, and one that is first asked for afterwards."""


def of_trial(times: Times) -> list[tuple[str, float]]:
    """Which key is asked for from when on."""
    return [(HELD, times.begin), (LOADING, times.begin + 2 * LEAD_S), (LATER, times.afterwards)]


class Instance:
    """One process of the application in one trial."""

    def __init__(self, store: RedisStore, owner: str, prefix: str) -> None:
        self.seen = Seen()
        self._prefix = prefix
        self._tasks = Tasks()
        self._cache = instance(SPEC, store, self._load, self._tasks, owner)

    async def _load(self, key: str) -> Loaded:
        began = time.monotonic()
        await asyncio.sleep(LOAD_S)
        self.seen.loads.append(Load(key.removeprefix(self._prefix), began, time.monotonic()))
        return Loaded(b"1", 1)

    async def run(self, times: Times) -> Seen:
        """Ask for every key all the time, until the end."""
        callers = [asyncio.create_task(self._ask_again_and_again(*each, times.end)) for each in of_trial(times)]
        await asyncio.gather(*callers)
        await self._tasks.settle(1)
        self.seen.counters = self._cache.cache.counters
        return self.seen

    async def _ask_again_and_again(self, key: str, at: float, end: float) -> None:
        asking = []
        while at < end:
            await asyncio.sleep(at - time.monotonic())
            asking.append(asyncio.create_task(self._ask(key, at)))
            at += EVERY_S
        await asyncio.wait(asking)

    async def _ask(self, key: str, at: float) -> None:
        role = None
        with suppress(RequestError):
            role = (await self._cache.get(self._prefix + key)).role
        self.seen.calls.append(Call(key, at, time.monotonic(), role))


def live(line: Connection, url: str, prefix: str, number: int) -> None:
    """A process: for each `Times` that it is told, what it has seen."""

    async def work() -> None:
        store = await RedisStore.open(url, prefix)
        line.send("ready")
        trial = 0
        while (times := await asyncio.to_thread(line.recv)) is not None:
            trial += 1
            store.forget_callbacks()
            line.send(await Instance(store, f"{number}.{trial}", f"{trial}:").run(times))
        await store.close()

    uvloop.run(work())


@contextmanager
def processes(url: str, prefix: str) -> Iterator[list[Connection]]:
    """The lines to them. They end when they are told None."""
    spawn = get_context("spawn")
    with ExitStack() as stack:
        lines = []
        for number in range(INSTANCES):
            ours, theirs = spawn.Pipe()
            process = spawn.Process(target=live, args=(theirs, url, prefix, number), daemon=True)
            process.start()
            stack.callback(process.join)
            stack.callback(ours.send, None)
            lines.append(ours)
        for line in lines:
            line.recv()
        yield lines


async def trial(lines: list[Connection], pid: int, stopped_s: float) -> tuple[Times, list[Seen]]:
    """Have all instances ask, stop Redis meanwhile, and hear what they saw."""
    times = Times.of(time.monotonic() + LEAD_S, stopped_s)
    for line in lines:
        line.send(times)
    await asyncio.sleep(times.stop - time.monotonic())
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(times.go_on - time.monotonic())
    finally:
        os.kill(pid, signal.SIGCONT)
    return times, [await asyncio.to_thread(line.recv) for line in lines]


class Judged(NamedTuple):
    """One trial's figures, in ms where they are times.

    `after_load`: how long after the end of the load under way callers of its process were answered, at most, and
    `asked_first` for those who had asked before it began; `new`: the longest wait of those who waited for no other
    process, `others` of those who did, from the stop on; `loads`: the most of one instance while Redis stood still;
    `back_s`: seconds until every instance had hits again; `later`: loads, in all processes, of the key that is asked
    for afterwards.
    """

    after_load: float
    asked_first: float
    new: float
    others: float
    loads: int
    back_s: float
    later: int
    errors: int
    opened: int


def judge(times: Times, seen: list[Seen]) -> Judged:
    """Fold a trial."""
    during = [(each, call) for each in seen for call in each.calls if call.ended > times.stop]
    during = [(each, call) for each, call in during if call.started < times.go_on]
    new, others, after, first = [0.0], [0.0], [0.0], [0.0]
    for each, call in during:
        waited = 1000 * (call.ended - max(call.started, times.stop))
        (others if _for_another(times, each, call) else new).append(waited)
        before = [load for load in each.loads if load.key == call.key and load.ended <= call.ended]
        if before and call.started < before[-1].ended:
            late = 1000 * (call.ended - before[-1].ended)
            after.append(late)
            first += [late] * (call.started < before[-1].began)
    loads = [sum(times.stop <= load.began < times.go_on for load in each.loads) for each in seen]
    hits = [
        [call.ended for call in each.calls if call.role is Role.HIT and call.started > times.go_on] for each in seen
    ]
    return Judged(
        max(after),
        max(first),
        max(new),
        max(others),
        max(loads),
        max(min(each, default=times.end) for each in hits) - times.go_on,
        sum(load.key == LATER for each in seen for load in each.loads),
        sum(call.role is None for each in seen for call in each.calls),
        sum(each.counters.breaker_opened for each in seen),
    )


def _for_another(times: Times, each: Seen, call: Call) -> bool:
    """Whether its process waited for another's load when Redis stopped, and had not begun one of its own by then."""
    if call.key != LOADING:
        return False
    own = min((load.began for load in each.loads if load.key == LOADING), default=times.end)
    return own > times.stop and call.started < own


async def measure(size: Size) -> Page:
    """Several trials with the same processes and Redis."""
    stopped_s = 0.5 if size.tiny else 2.0
    redis = EmbeddedRedis()
    try:
        await redis.ready()
        async with Redis.from_url(redis.url) as client:
            pid = int((await client.info("server"))["process_id"])
        with processes(redis.url, "{outage}:") as lines:
            found = [await trial(lines, pid, stopped_s) for _ in range(size.trials)]
    finally:
        redis.stop()
    return page(stopped_s, [judge(*each) for each in found])


def page(stopped_s: float, judged: list[Judged]) -> Page:
    """The figures beside what is promised."""
    soft, load = 1000 * SOFT_S, 1000 * LOAD_S
    most = 2 * (int(stopped_s / LOAD_S) + 1)
    figures = {
        "callers answered after the end of their process's load, ms": ([each.after_load for each in judged], LATE_MS),
        "of these, who had asked before it began, ms": ([each.asked_first for each in judged], LATE_MS),
        "new callers wait, ms": ([each.new for each in judged], soft + load + LATE_MS),
        "callers of processes that waited for another's load, ms from the stop": (
            [each.others for each in judged],
            2 * soft + load + LATE_MS,
        ),
        "loads of one instance meanwhile, of two keys": ([float(each.loads) for each in judged], float(most)),
        "every instance has hits again, s": ([each.back_s for each in judged], CLOSED_AFTER_S),
        "loads of a key that is asked for afterwards, in all processes": (
            [float(each.later) for each in judged],
            1.0,
        ),
        "breakers that open": ([float(each.opened) for each in judged], float(INSTANCES)),
        "callers with an error": ([float(each.errors) for each in judged], 0.0),
    }
    return Page(
        "Redis stands still",
        f"{SPEC} in {INSTANCES} processes; loads of {load:g} ms; Redis is stopped (SIGSTOP) for {stopped_s:g} s, "
        f"in the middle of the load of one key, while every process has a new caller of each key every "
        f"{1000 * EVERY_S:g} ms. A bound of time has {LATE_MS:g} ms for busy event loops. Each figure is the worst "
        "of its trial; kept is what is so in the median trial.",
        targets=[
            Target(
                f"{what}: at most {bound:g}",
                f"{between(values, 1)}, worst {max(values):,.1f}",
                median(values) <= bound,
            )
            for what, (values, bound) in figures.items()
        ],
    )


if __name__ == "__main__":
    show(measure, "outage")
