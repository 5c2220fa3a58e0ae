"""The proxy in front of a Redis server that we started."""

from __future__ import annotations

import asyncio

from redis import Redis

from stampede.processes.redis_proxy import RedisProxy
from stampede.processes.redis_server import EmbeddedRedis

CONNECTIONS = 1000
"""Enough for Python to collect garbage several times."""


def test_after_many_connections_it_still_hears_what_it_is_told() -> None:
    async def work() -> None:
        server = EmbeddedRedis()
        proxy = RedisProxy(server)
        try:
            await server.ready()
            await proxy.ready()
            for _ in range(CONNECTIONS):
                with Redis.from_url(proxy.url) as client:
                    assert client.ping()
            assert await proxy.cpu_s() > 0
        finally:
            proxy.stop()
            server.stop()

    asyncio.run(work())
