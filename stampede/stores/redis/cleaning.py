"""The keys of runs, found by their prefix: nobody can name all that an interrupted or a dead run has written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError

from stampede.core.errors import StoreError
from stampede.core.keys import ANY_RUN, run_of, run_prefix
from stampede.stores.redis.probe import probe
from stampede.stores.redis.wire import connect, disconnect

ALIVE = "alive"
BATCH = 1000


class Leftover(NamedTuple):
    """The keys of one run on a server; `alive`: it says that it lives, and they were left alone."""

    prefix: str
    keys: int
    alive: bool


async def sweep(url: str, prefix: str) -> int:
    """Remove every key that begins so, over a connection of its own; returns how many there were. Raises StoreError.

    An interrupt may have broken any other connection in the middle of a command.
    """
    client = connect(url, 1)
    try:
        await client.unlink(prefix + ALIVE)  # it is always there, and is no reason to look again
        return sum([await client.unlink(*names) async for names in _batches(client, prefix + "*")])
    except (RedisError, OSError) as error:
        raise StoreError(f"Redis: {error}") from None
    finally:
        await disconnect(client)


async def clean(url: str) -> list[Leftover]:
    """Remove what runs have left that no longer live; returns all runs that had keys.

    Raises:
        RedisUnavailable: as before a run.
        StoreError: it refused in the middle.
    """
    await probe(url, run_prefix())
    client = connect(url, 1)
    try:
        found: defaultdict[str, set[bytes]] = defaultdict(set)
        async for names in _batches(client, ANY_RUN):
            for name in names:
                if prefix := run_of(name.decode(errors="replace")):
                    found[prefix].add(name)
        cleaned = [await _clean(client, prefix, list(names)) for prefix, names in sorted(found.items())]
        return [each for each in cleaned if each.keys]  # a run may have ended, and cleaned, meanwhile
    except (RedisError, OSError) as error:
        raise StoreError(f"Redis: {error}") from None
    finally:
        await disconnect(client)


async def _clean(client: Redis, prefix: str, names: list[bytes]) -> Leftover:
    # Asked again for every batch: a run that we took for dead may have been asleep.
    removed = 0
    for begin in range(0, len(names), BATCH):
        if await client.exists(prefix + ALIVE):
            return Leftover(prefix, len(names), True)
        removed += await client.unlink(*names[begin : begin + BATCH])
    return Leftover(prefix, removed, False)


async def _batches(client: Redis, pattern: str) -> AsyncIterator[list[Any]]:
    """The names that match, some at a time. A server that has much else is asked in small steps, too."""
    cursor = None
    while cursor != 0:
        cursor, names = await client.scan(cursor or 0, match=pattern, count=BATCH)
        if names:
            yield names
