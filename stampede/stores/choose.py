"""Which store a URL means: one line for each kind."""

from __future__ import annotations

import asyncio
from typing import Protocol

from stampede.core.ports import Store, StoreServer

MEMORY = "memory://"


class ClosableStore(Store, Protocol):
    """A store as an application holds it."""

    async def close(self) -> None:
        """Close every connection."""
        ...


def store_server(url: str, prefix: str) -> StoreServer:
    """The server at a URL; `prefix` begins the names of all that is kept there. Raises UsageError."""
    from stampede.stores.redis.server import RedisServer

    return RedisServer(url, prefix)


def check_url(url: str) -> None:
    """Raises UsageError: `open_store` knows no such URL."""
    if url != MEMORY:
        from stampede.stores.redis.wire import connect

        connect(url, 1)


async def open_store(url: str, prefix: str) -> ClosableStore:
    """The store at a URL, for an application; `memory://` is one of its own in the process. Raises StoreError."""
    if url == MEMORY:
        from stampede.stores.memory import MemoryStore

        return MemoryStore(asyncio.get_running_loop().time)
    from stampede.stores.redis.store import RedisStore

    return await RedisStore.open(url, prefix)
