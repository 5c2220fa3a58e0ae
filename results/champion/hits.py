"""What a hit costs beside redis-py itself and beside other libraries: one process, one Redis on a port.

python results/champion/hits.py > results/champion/hits.md

Every contender gives every caller a value that is its own, a dict that it may change, unless its row says that
callers share one. They are asked in random order, in every trial.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import aiocache
import cashews
import dogpile_breaker
import msgspec
from aiocache.serializers import JsonSerializer
from redis.asyncio import Redis

sys.path.append(str(Path(__file__).parents[2]))  # what makes the results is no part of what is installed

from results.champion.instances import always, instance
from results.champion.page import Page, Size, Target, between, show, table
from results.champion.server import redis_on_a_port
from stampede import Cache
from stampede.core.tasks import Tasks
from stampede.stores.redis.store import RedisStore

VALUE = {
    "id": 7,
    "name": "track 7",
    "album": {"id": 3, "title": "x" * 40},
    "milliseconds": 210_000,
    "unit_price": 0.99,
    "tags": ["a", "b"],
}
TEXT = json.dumps(VALUE).encode()
DAY_S = 86_400
KEYS = [str(number) for number in range(50)]
POOL = 100

Get = Callable[[str], Awaitable[Any]]


class Load(NamedTuple):
    """So many callers, each asking again and again for a key of its own among so many."""

    name: str
    callers: int
    keys: int


ONE, HOT, MANY = LOADS = (
    Load("1 caller", 1, 1),
    Load("50 callers, 1 key", 50, 1),
    Load("50 callers, 50 keys", 50, 50),
)
Rates = dict[str, dict[Load, list[float]]]
"""Hits a second of each trial."""

RAW = "redis-py"
CHAMPION = "two-level"
DOOR, DOOR_SHARED = "stampede.Cache", "stampede.Cache, frozen type (callers share an object)"
DOGPILE, DOGPILE_SHARED = "dogpile-breaker, JSON read by each caller", "dogpile-breaker (callers share an object)"


class Album(msgspec.Struct, frozen=True):
    """A part of a track."""

    id: int
    title: str


class Track(msgspec.Struct, frozen=True):
    """What cannot be changed can be shared."""

    id: int
    name: str
    album: Album
    milliseconds: int
    unit_price: float
    tags: tuple[str, ...]


TRACK = msgspec.convert(VALUE, Track)


ASKED = [
    *((name, RAW, load, times) for name in (CHAMPION, DOOR) for load, times in ((ONE, 0.9), (HOT, 8.0), (MANY, 2.5))),
    (CHAMPION, DOGPILE, HOT, 1.0),
    (DOOR, DOGPILE, HOT, 1.0),
    (DOOR_SHARED, DOGPILE_SHARED, HOT, 1.0),
]
"""How many times whose hits under which load."""


@asynccontextmanager
async def protections(port: int, specs: list[str]) -> AsyncIterator[dict[str, Get]]:
    """Ours, without the door: bytes, from which each caller reads a dict of its own with msgspec."""
    decode = msgspec.json.Decoder().decode
    tasks = Tasks()

    def reading(spec: str, store: RedisStore) -> Get:
        cache = instance(spec, store, always(TEXT), tasks, spec)

        async def get(key: str) -> Any:
            return decode((await cache.get(key)).entry.value)

        return get

    async with AsyncExitStack() as stack:
        gets: dict[str, Get] = {}
        for spec in specs:
            store = await RedisStore.open(f"redis://127.0.0.1:{port}", f"{spec}:")
            stack.push_async_callback(store.close)
            gets[spec] = reading(spec, store)
        yield gets
        await tasks.settle(1)


@asynccontextmanager
async def door(port: int) -> AsyncIterator[dict[str, Get]]:
    """What an application imports: JSON is its codec, and two-level its protection, if nothing else is said."""

    async def load() -> Any:
        return VALUE

    async def load_track() -> Track:
        return TRACK

    async with (
        Cache.connect(f"redis://127.0.0.1:{port}", ttl=DAY_S) as cache,
        Cache.connect(f"redis://127.0.0.1:{port}", ttl=DAY_S, namespace="shared") as shared,
    ):
        yield {
            DOOR: lambda key: cache.get(key, load),
            DOOR_SHARED: lambda key: shared.get(key, load_track, type=Track),
        }


@asynccontextmanager
async def raw(port: int) -> AsyncIterator[dict[str, Get]]:
    """redis-py as it comes, with hiredis, and its callers' own `json.loads`; and with msgspec in its place."""
    client = Redis(port=port, max_connections=POOL)
    for key in KEYS:
        await client.set(f"raw:{key}", TEXT)
    decode = msgspec.json.Decoder().decode

    async def get(key: str) -> Any:
        return json.loads(await client.get(f"raw:{key}") or "")

    async def get_with_msgspec(key: str) -> Any:
        return decode(await client.get(f"raw:{key}") or "")

    yield {RAW: get, "redis-py, msgspec": get_with_msgspec}
    await client.aclose()


@asynccontextmanager
async def peers(port: int) -> AsyncIterator[dict[str, Get]]:
    """Other libraries, set up as their documentation says."""
    cache = cashews.Cache()
    cache.setup(f"redis://127.0.0.1:{port}/", max_connections=POOL)

    @cache(ttl="24h", key="cashews:{key}")
    async def with_cashews(key: str) -> Any:
        return VALUE

    @cache(ttl="24h", key="cashews-locked:{key}", lock=True)
    async def with_cashews_locked(key: str) -> Any:
        return VALUE

    where = {"cache": aiocache.Cache.REDIS, "endpoint": "127.0.0.1", "port": port, "serializer": JsonSerializer()}

    @aiocache.cached(ttl=DAY_S, key_builder=lambda _, key: f"aiocache:{key}", **where)  # type: ignore[untyped-decorator]
    async def with_aiocache(key: str) -> Any:
        return VALUE

    async with _dogpile(port, json.loads) as shared, _dogpile(port, bytes) as own:

        async def with_dogpile(key: str) -> Any:
            return json.loads(await own(key))

        yield {
            DOGPILE_SHARED: shared,
            DOGPILE: with_dogpile,
            "cashews": with_cashews,
            "cashews(lock=True)": with_cashews_locked,
            "aiocache": with_aiocache,
        }
    await cache.close()
    await with_aiocache.cache.close()


@asynccontextmanager
async def _dogpile(port: int, read: Callable[[bytes], Any]) -> AsyncIterator[Get]:
    region = dogpile_breaker.CacheRegion(lambda value: TEXT, read, region_name="hits", stats_enabled=False)
    where = {"host": "127.0.0.1", "port": port, "db": 0, "max_connections": POOL}
    await region.configure(dogpile_breaker.RedisStorageBackend, where)

    @region.cache_on_arguments(DAY_S, 2, function_key_generator=lambda _, key: f"dogpile:{key}")
    async def get(key: str) -> Any:
        return read(TEXT)

    yield get
    await region.aclose()


async def rate(get: Get, load: Load, seconds: float) -> float:
    """Hits a second."""
    end = time.perf_counter() + seconds

    async def caller(number: int) -> int:
        key, hits = KEYS[number % load.keys], 0
        while time.perf_counter() < end:
            await get(key)
            hits += 1
        return hits

    began = time.perf_counter()
    hits = sum(await asyncio.gather(*map(caller, range(load.callers))))
    return hits / (time.perf_counter() - began)


async def rates(gets: dict[str, Get], size: Size) -> Rates:
    """Of all contenders, under all loads; they take turns within a load, in random order."""
    seconds = 0.02 if size.tiny else 0.1
    for get in gets.values():
        assert all([await get(key) in (VALUE, TRACK) for key in KEYS])  # it is loaded now
        await rate(get, MANY, seconds)
    found: Rates = {name: {load: [] for load in LOADS} for name in gets}
    for _ in range(size.trials):
        for load in LOADS:
            for name in random.sample(list(gets), len(gets)):
                found[name][load].append(await rate(gets[name], load, seconds))
    return found


def ratios(found: Rates, name: str, against: str, load: Load) -> list[float]:
    """Of each trial."""
    return [mine / other for mine, other in zip(found[name][load], found[against][load], strict=True)]


def shown(found: Rates) -> str:
    """Hits a second, and how many times those of redis-py they are."""
    rows = []
    for name, by_load in found.items():
        cells = [f"{median(by_load[load]):,.0f} ({median(ratios(found, name, RAW, load)):.2f}×)" for load in LOADS]
        rows.append([name, *cells])
    return table(["hits a second (and times redis-py)", *(load.name for load in LOADS)], rows)


async def without_uvloop(port: int, size: Size) -> Rates:
    """The same on asyncio's own loop, in a thread of its own: there it can be run beside a loop that waits."""

    async def work() -> Rates:
        async with raw(port) as first, door(port) as doors, protections(port, [CHAMPION]) as ours:
            return await rates({RAW: first[RAW], DOOR: doors[DOOR], **ours}, size)

    result: list[Rates] = []

    def run() -> None:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            result.append(runner.run(work()))

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive():
        await asyncio.sleep(0.1)
    return result[0]


async def measure(size: Size) -> Page:
    """All contenders on uvloop, then two of them without it."""
    with redis_on_a_port() as port:
        specs = [CHAMPION, f"{CHAMPION}+store", "single-flight", "none"]
        async with raw(port) as first, door(port) as doors, protections(port, specs) as ours, peers(port) as others:
            found = await rates(first | doors | ours | others, size)
        slow = await without_uvloop(port, size)
    page = Page(
        "What a hit costs",
        f"One process on uvloop, a Redis on a port of this machine, a value of {len(TEXT)} bytes of JSON. Ours reads "
        "it with msgspec, for each caller; redis-py and dogpile-breaker with json.loads, aiocache with its "
        "JsonSerializer, cashews with its pickle. Every caller may change what it gets, but where the row says that "
        "they share it.",
        [shown(found), "The same on asyncio's own event loop:", shown(slow)],
    )
    for name, against, load, bound in ASKED:
        times = ratios(found, name, against, load)
        asked = f"{name}, {load.name}: at least {bound:g} × {against}"
        page.targets.append(Target(asked, f"{between(times)} ×", median(times) >= bound))
    return page


if __name__ == "__main__":
    show(measure, "hits")
