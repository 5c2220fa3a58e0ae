"""Which store a URL means: one line for each kind."""

from __future__ import annotations

from stampede.core.ports import StoreServer


def store_server(url: str, prefix: str) -> StoreServer:
    """The server at a URL; `prefix` begins the names of all that is kept there. Raises UsageError."""
    from stampede.stores.redis.server import RedisServer

    return RedisServer(url, prefix)
