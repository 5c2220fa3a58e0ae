"""What two-level leaves behind: two instances ask for 100,000 keys, each once and at the same time; then silence.

python results/champion/leftovers.py > results/champion/leftovers.md

Objects are counted by their type in the whole process, memory as the operating system sees it, guards in Redis.
"""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sized
from pathlib import Path
from typing import NamedTuple

from redis.asyncio import Redis

sys.path.append(str(Path(__file__).parents[2]))  # what makes the results is no part of what is installed

from results.champion.instances import always, instance
from results.champion.page import Page, Size, Target, show, table
from stampede.core.tasks import Tasks
from stampede.processes.redis_server import EmbeddedRedis
from stampede.protection.compose import Protection
from stampede.stores.redis.store import RedisStore

SPEC = "two-level"
KEYS = 100_000
ROUNDS = 2
CALLERS = 100
"""Of each instance, at any time."""

FIRST_MB, FURTHER_MB = 16.0, 2.0
"""By how much memory may have grown after the first round, for pools of the allocator, and in each one after it:
twenty bytes a key, which is less than the smallest thing that could be left."""

FEW = 10
"""Objects of a type that may be more than before: the timer of a connection that is just idle, say."""


class State(NamedTuple):
    """What there is in a silence: objects by type, entries of our maps, MB of memory, and what is in Redis."""

    objects: Counter[str]
    entries: Counter[str]
    memory_mb: float
    values: int
    guards: int


async def state(client: Redis, ours: list[object]) -> State:
    """Now, once what ends by itself has ended; `ours` is whose maps are looked into."""
    await asyncio.sleep(0.2)
    gc.collect()
    objects = Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects())
    guards = [name async for name in client.scan_iter(match="*guard:*", count=10_000)]
    return State(objects, entries(ours), _memory_mb(), await client.dbsize() - len(guards), len(guards))


def entries(ours: list[object]) -> Counter[str]:
    """How much is in every collection that these, and what they are made of, hold in an attribute."""
    found: Counter[str] = Counter()
    seen: set[int] = set()
    while ours:
        thing, *ours = ours
        if id(thing) in seen or not type(thing).__module__.startswith("stampede."):
            continue
        seen.add(id(thing))
        for name, value in vars(thing).items() if hasattr(thing, "__dict__") else ():
            ours.append(value)
            if isinstance(value, Sized) and not isinstance(value, str | bytes | tuple):
                found[f"{type(thing).__name__}.{name}"] += len(value)
    return found


def _memory_mb() -> float:
    """Resident, of this process."""
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(os.getpid())], check=True, capture_output=True, text=True)
    return int(told.stdout) / 1024


async def ask(cast: list[Protection], keys: range) -> None:
    """Every instance asks for every key, so that one loads it and the others wait for that, or find it."""
    names = iter([f"key {number}" for number in keys])

    async def caller() -> None:
        for name in names:
            await asyncio.gather(*(each.get(name) for each in cast))

    await asyncio.gather(*(caller() for _ in range(CALLERS)))


async def measure(size: Size) -> Page:
    """The state before, and after each of some rounds over keys of their own."""
    keys, redis, tasks = size.of(KEYS, 500), EmbeddedRedis(), Tasks()
    try:
        await redis.ready()
        async with Redis.from_url(redis.url) as client:
            stores = [await RedisStore.open(redis.url, "{leftovers}:") for _ in range(2)]
            cast = [instance(SPEC, store, always(b"1"), tasks, str(each)) for each, store in enumerate(stores)]
            ours: list[object] = [*cast, *stores, tasks]
            await ask(cast, range(-2 * CALLERS, 0))
            await state(client, ours)  # what it makes itself is there before
            states = [await state(client, ours)]
            for each in range(ROUNDS):
                await ask(cast, range(each * keys, (each + 1) * keys))
                states.append(await state(client, ours))
            for store in stores:
                await store.close()
    finally:
        redis.stop()
    return page(keys, states)


def page(keys: int, states: list[State]) -> Page:
    """What is more than before."""
    before, *after = states
    grown = _more(after[-1].objects, before.objects)
    fuller = _more(after[-1].entries, before.entries)
    growth = [now.memory_mb - then.memory_mb for then, now in zip(states, after, strict=False)]
    names = ["before", *(f"after round {number}" for number in range(1, len(states)))]
    rows = [
        [
            name,
            f"{each.objects.total():,}",
            f"{each.entries.total():,}",
            f"{each.memory_mb:.1f}",
            f"{each.values:,}",
            f"{each.guards:,}",
        ]
        for name, each in zip(names, states, strict=True)
    ]
    return Page(
        "What is left behind",
        f"Two instances of {SPEC} in one process, each asked for {keys:,} keys once, in {ROUNDS} rounds of other "
        "keys, with a silence after each. Objects of all types are counted that the garbage collector knows, and "
        "entries of every collection that stores and protections hold.",
        [table(["", "objects", "entries", "MB", "values in Redis", "guards in Redis"], rows)],
        [
            Target(f"no type has more than {FEW} objects more than before", _said(grown), not grown),
            Target("no collection of ours has more entries than before", _said(fuller), not fuller),
            Target("no guard is left", f"{after[-1].guards:,}", not after[-1].guards),
            Target(
                f"at most {FIRST_MB:g} MB more after the first round", f"{growth[0]:.1f} MB", growth[0] <= FIRST_MB
            ),
            Target(
                f"at most {FURTHER_MB:g} MB more after each further one",
                ", ".join(f"{each:.1f} MB" for each in growth[1:]),
                max(growth[1:]) <= FURTHER_MB,
            ),
        ],
    )


def _more(now: Counter[str], before: Counter[str]) -> dict[str, int]:
    return {name: more for name, more in (now - before).items() if more > FEW}


def _said(more: dict[str, int]) -> str:
    return ", ".join(f"{name}: {number:,} more" for name, number in more.items()) or "none has"


if __name__ == "__main__":
    show(measure, "leftovers")
