"""How many values leave Redis for one fill: many instances, of which three wait for the one that loads.

python results/champion/pushes.py > results/champion/pushes.md

By the server's own count of bytes.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median

from redis.asyncio import Redis

sys.path.append(str(Path(__file__).parents[2]))  # what makes the results is no part of what is installed

from results.champion.instances import instance
from results.champion.page import Page, Size, Target, between, show
from stampede.core.model import Loaded
from stampede.core.tasks import Tasks
from stampede.processes.limits import raise_open_files
from stampede.processes.redis_server import EmbeddedRedis
from stampede.protection.compose import Protection
from stampede.stores.redis.codec import encode
from stampede.stores.redis.store import RedisStore

SPEC = "two-level"
INSTANCES = 64, 640
WAITING = 3
AT_MOST = WAITING + 1.0
"""The waiting ones have the value pushed to them; nobody else needs it."""

OVERHEAD = 0.1
"""Values; for envelopes, and for the answers that hold none."""

TEXT = json.dumps("x" * 50_000).encode()
LOAD_S = 0.1
ANSWER = 5_000
"""Bytes, at most, of an answer to how many it has sent."""

TOGETHER = 32
"""Stores that are opened at once."""


async def sent(client: Redis) -> int:
    """Bytes that the server has sent until now, by its own count, as soon as there are no more to be sent.

    Some 2,000 of them are its answer to the question before this one.
    """
    before = -1
    while True:
        now = int((await client.info("stats"))["total_net_output_bytes"])
        if before >= 0 and now - before < ANSWER:
            return now
        before = now
        await asyncio.sleep(0.02)


@asynccontextmanager
async def instances(url: str, number: int, tasks: Tasks) -> AsyncIterator[list[Protection]]:
    """So many, each with a store of its own."""

    async def load(key: str) -> Loaded:
        await asyncio.sleep(LOAD_S)
        return Loaded(TEXT, 1)

    async with AsyncExitStack() as stack:
        stores: list[RedisStore] = []
        while len(stores) < number:
            few = min(TOGETHER, number - len(stores))
            stores += await asyncio.gather(*(RedisStore.open(url, f"{{{number}}}:") for _ in range(few)))
        for store in stores:
            stack.push_async_callback(store.close)
        yield [instance(SPEC, store, load, tasks, str(each)) for each, store in enumerate(stores)]


async def values(client: Redis, cast: list[Protection], key: str) -> float:
    """How many times a value's length was sent for one load, for which so many others of them waited."""
    before = await sent(client)
    leader = asyncio.ensure_future(cast[0].get(key))
    await asyncio.sleep(LOAD_S / 4)
    others = await asyncio.gather(*(each.get(key) for each in cast[1 : WAITING + 1]))
    entry = (await leader).entry
    assert all(answer.entry.value == entry.value for answer in others)
    return (await sent(client) - before - ANSWER / 2) / len(encode(entry))


async def measure(size: Size) -> Page:
    """Fills of new keys, for each number of instances."""
    raise_open_files()
    redis, tasks = EmbeddedRedis(), Tasks()
    found: dict[int, list[float]] = {}
    try:
        await redis.ready()
        async with Redis.from_url(redis.url) as client:
            for number in [8, 16] if size.tiny else INSTANCES:
                async with instances(redis.url, number, tasks) as cast:
                    found[number] = [
                        await values(client, random.sample(cast, len(cast)), f"key {each}")
                        for each in range(size.trials)
                    ]
                    await tasks.settle(1)
    finally:
        redis.stop()
    page = Page(
        "Bytes that leave Redis for one fill",
        f"{SPEC}; a value of {len(TEXT) / 1000:.0f} kB; one instance loads it, {WAITING} others wait for that, the "
        "rest do nothing. What the server has sent for it, by its own count (total_net_output_bytes), in values.",
    )
    for number, each in found.items():
        asked = f"{number} instances, of which {WAITING} wait: at most {AT_MOST:g} values"
        page.targets.append(Target(asked, between(each), median(each) <= AT_MOST + OVERHEAD))
    return page


if __name__ == "__main__":
    show(measure, "pushes")
