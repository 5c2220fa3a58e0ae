"""Promise 41: an answer is never older than an invalidation that had returned before it was asked for.

On virtual time, in whatever order commands and messages travel; and over real servers, with a process that is busy.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from random import Random
from typing import Any, NamedTuple, TypeVar

import pytest

from stampede.core import registry
from stampede.core.model import Filled, Loaded
from stampede.core.ports import Sent, Store, unheeded
from stampede.core.tasks import Tasks
from stampede.protection.compose import Protection, protection
from stampede.protection.strategy import Strategy
from stampede.stores.memory import MemoryStore
from stampede.stores.redis.store import RedisStore
from stampede.stores.watchers import Watchers

SEEDS = range(8)
INSTANCES = 3
CALLERS = 60
WRITES = 12
LOAD_S = 0.1
WAY_S = 0.01
NEWS_S = 0.15
LOST = 0.1
SPAN_S = 2.0

FENCED = [name for name in registry.names("coalescing") if registry.load("coalescing", name).promise.fenced]
FRESHNESS = ["ttl", "swr(grace=100ms)", "xfetch", "refresh-ahead"]
STEPS = [name for name, _ in inspect.getmembers(Store, inspect.iscoroutinefunction)]

PATIENCE_S = 20.0

MakeFleet = Callable[..., Any]
T = TypeVar("T")


class Post(Watchers):
    """One instance's news, which travel as long as they like, and are lost now and then."""

    def __init__(self, random: Random, all_of_them: list[Post]) -> None:
        super().__init__()
        self._random = random
        self._all = all_of_them
        all_of_them.append(self)

    def notify(self, key: str, news: Filled) -> None:
        self._send(lambda post: Watchers.notify(post, key, news))

    def invalidated(self, key: str) -> None:
        self._send(lambda post: Watchers.invalidated(post, key))

    def _send(self, deliver: Callable[[Watchers], None]) -> None:
        for post in self._all:
            if self._random.random() > LOST:
                asyncio.get_running_loop().call_later(self._random.uniform(0, NEWS_S), deliver, post)


class Seat(MemoryStore):
    """One instance's way to a memory store that all share; every way there and back takes its time."""

    def __init__(self, first: Seat | None, random: Random) -> None:
        super().__init__(asyncio.get_running_loop().time)
        self._random = random
        self._posts: list[Post] = first._posts if first else []
        self._watchers = Post(random, self._posts)
        if first:
            self._entries, self._claims, self._guards = first._entries, first._claims, first._guards

    async def wait(self) -> None:
        await asyncio.sleep(self._random.uniform(0, WAY_S))

    async def _travel(self, sent: Sent = unheeded) -> None:
        sent()
        await self.wait()


def _both_ways(name: str) -> Callable[..., Any]:
    step = getattr(MemoryStore, name)

    async def travelling(seat: Seat, *arguments: Any, **more: Any) -> Any:
        answer = await step(seat, *arguments, **more)
        await seat.wait()
        return answer

    return travelling


for _name in STEPS:
    setattr(Seat, _name, _both_ways(_name))


class World:
    """Writers that write and invalidate, and callers who know which version they must not be below."""

    def __init__(self, fleet: Any, random: Random) -> None:
        self._fleet = fleet
        self._random = random
        self._floor = 1
        self.old: list[tuple[int, int]] = []
        self.answers = 0

    async def write(self) -> None:
        await asyncio.sleep(self._random.uniform(0, SPAN_S))
        self._fleet.origin.version += 1
        version = self._fleet.origin.version
        await self._random.choice(self._fleet.protections).invalidate("k")
        self._floor = max(self._floor, version)

    async def ask(self, number: int) -> None:
        await asyncio.sleep(self._random.uniform(0, SPAN_S))
        floor = self._floor
        answer = await self._fleet.protections[number % INSTANCES].get("k")
        self.answers += 1
        if answer.entry.version < floor:
            self.old.append((answer.entry.version, floor))


async def live(make: MakeFleet, spec: str, seed: int) -> World:
    """A world of its own for a seed, from its beginning to its end."""
    random = Random(seed)
    first = Seat(None, random)
    it = make(spec, [first, *(Seat(first, random) for _ in range(INSTANCES - 1))], ttl=0.4)
    it.origin.seconds = LOAD_S
    world = World(it, random)
    await asyncio.gather(*(world.write() for _ in range(WRITES)), *(world.ask(n) for n in range(CALLERS)))
    await it.settle()
    return world


@pytest.mark.parametrize("freshness", FRESHNESS)
@pytest.mark.parametrize("name", FENCED)
async def test_no_answer_is_older_than_an_invalidation_that_had_returned(
    name: str, freshness: str, fleet_on: MakeFleet
) -> None:
    for seed in SEEDS:
        world = await live(fleet_on, f"{freshness}+{name}", seed)
        assert world.answers == CALLERS
        assert world.old == [], seed


# -- real servers --------------------------------------------------------------------------------------------------


class Elsewhere:
    """An instance in a thread of its own, whose loop can be kept busy."""

    def __init__(self, spec: str, url: str, prefix: str, load: Callable[[str], Any], owner: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.tasks = Tasks()
        self.store: RedisStore = self.run(RedisStore.open(url, prefix))
        self.protection: Protection = self.run(self._make(spec, load, owner))

    async def _make(self, spec: str, load: Callable[[str], Any], owner: str) -> Protection:
        return protection(
            Strategy.parse(spec),
            store=self.store,
            origin=load,
            ttl=30.0,
            clock=time.monotonic,
            random=Random(owner),
            tasks=self.tasks,
            owner=owner,
        )

    def begin(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.begin(work).result(PATIENCE_S)

    async def _version(self) -> int:
        return (await self.protection.get("k")).entry.version

    def get(self) -> Future[int]:
        """Ask for the key; the future is that of the answer's version."""
        return self.begin(self._version())

    def busy_until(self, free: threading.Event) -> Future[int]:
        """Hear and do nothing until then, and at that moment ask, before anything that has arrived is heard."""

        async def work() -> int:
            free.wait(PATIENCE_S)
            return await self._version()

        return self.begin(work())

    def close(self) -> None:
        self.run(self._end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def _end(self) -> None:
        await self.tasks.settle(5)
        await self.store.close()


class Database:
    """One row, that takes a while to read."""

    def __init__(self) -> None:
        self.version = 1
        self.loads = 0

    async def load(self, key: str) -> Loaded:
        loaded = Loaded(b"1", self.version)
        self.loads += 1
        await asyncio.sleep(LOAD_S)
        return loaded

    def wait_for_a_load(self) -> None:
        """Until one has read the row."""
        until = time.monotonic() + PATIENCE_S
        while not self.loads:
            assert time.monotonic() < until
            time.sleep(0.001)


class Three(NamedTuple):
    """The database and its instances."""

    database: Database
    a: Elsewhere
    b: Elsewhere
    c: Elsewhere


@pytest.fixture(params=FENCED)
def three(request: pytest.FixtureRequest, redis_url: str, prefix: str) -> Iterator[Three]:
    """Three instances, each with a loop of its own, in front of one database."""
    database = Database()
    made = [Elsewhere(str(request.param), redis_url, prefix, database.load, owner) for owner in "abc"]
    yield Three(database, *made)
    for instance in made:
        instance.close()


def test_a_process_that_was_busy_during_an_invalidation_does_not_answer_with_what_was_before(three: Three) -> None:
    free = threading.Event()
    first = three.a.get()
    three.database.wait_for_a_load()
    waiting = three.b.get()
    time.sleep(LOAD_S / 4)
    asked_after = three.b.busy_until(free)
    assert first.result(PATIENCE_S) == 1
    three.database.version = 2
    three.a.run(three.a.protection.invalidate("k"))
    newer = three.c.get()
    time.sleep(LOAD_S / 4)
    free.set()
    assert asked_after.result(PATIENCE_S) == 2
    assert newer.result(PATIENCE_S) == 2
    assert waiting.result(PATIENCE_S) in (1, 2)


def test_a_process_that_hears_nothing_does_not_have_a_later_caller_join_the_old_flight(
    three: Three, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = three.b.get()
    monkeypatch.setattr(Watchers, "notify", lambda *_: None)
    monkeypatch.setattr(Watchers, "invalidated", lambda *_: None)
    three.database.wait_for_a_load()
    three.database.version = 2
    three.a.run(three.a.protection.invalidate("k"))
    assert three.b.get().result(PATIENCE_S) == 2
    assert before.result(PATIENCE_S) in (1, 2)  # it asked before the invalidation: newer is as good
