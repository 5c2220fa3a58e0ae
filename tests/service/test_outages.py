"""Redis or the database goes away."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

Serve = Callable[..., Any]
Until = Callable[..., Any]

DEGRADED = (200, {"status": "degraded", "reason": "Redis does not answer"})


async def test_without_redis_it_still_answers_and_says_that_it_is_degraded(serve: Serve) -> None:
    service = serve("--workers", 2, "--db-latency", "20ms")
    async with service.client() as client:
        assert await client.ask("/health") == (200, {"status": "ok"})
        service.kill("redis")
        assert await client.burst(100, "/tracks/8") == {200: 100}
        assert await client.ask("/health") == DEGRADED
        assert (await client.metrics())["stampede_cache_degraded_total",] > 0
        status, said = await client.ask("/tracks/8/cache", "DELETE")
        assert (status, list(said)) == (503, ["error"])


async def test_a_redis_that_stands_still_is_noticed(serve: Serve) -> None:
    service = serve("--workers", 1, "--db-latency", "20ms")
    redis = service.command.server("redis")
    async with service.client() as client:
        os.kill(redis, signal.SIGSTOP)
        try:
            assert await client.ask("/health") == DEGRADED
            assert await client.burst(50, "/tracks/8") == {200: 50}
        finally:
            os.kill(redis, signal.SIGCONT)
        assert await client.ask("/health") == (200, {"status": "ok"})


async def test_a_worker_that_starts_without_redis_goes_on_without_it_until_it_is_back(
    serve: Serve, until: Until, own_redis: Callable[..., Path]
) -> None:
    path = own_redis()
    service = serve("--workers", 1, "--db-latency", "5ms", "--redis", f"unix://{path}")
    away = path.with_name("away")
    path.rename(away)
    (worker,) = service.workers()
    os.kill(worker, signal.SIGKILL)
    await until(lambda: service.workers() - {worker})
    async with service.client() as client:
        assert await client.burst(20, "/tracks/1") == {200: 20}
        assert await client.ask("/health") == DEGRADED
        assert (await client.ask("/tracks/1/cache", "DELETE"))[0] == 503
        away.rename(path)

        async def forgets() -> bool:
            return bool((await client.ask("/tracks/1/cache", "DELETE"))[0] == 204)

        await until(forgets)
        assert await client.ask("/health") == (200, {"status": "ok"})


async def test_without_the_database_what_is_cached_is_served_and_the_rest_is_503(serve: Serve) -> None:
    service = serve("--workers", 2, "--db-latency", "5ms", "--ttl", "1m")
    async with service.client() as client:
        assert (await client.ask("/tracks/1"))[0] == 200
        service.kill("database")
        assert (await client.ask("/tracks/1"))[0] == 200
        assert await client.ask("/tracks/2") == (503, {"error": "the database is gone"})
        assert await client.ask("/health") == (503, {"status": "down", "reason": "the database is gone"})
        metrics = await client.metrics()
    assert metrics["stampede_database_up",] == 0
    assert ("stampede_database_hits_total",) not in metrics
    assert metrics["stampede_cache_load_errors_total",] == 1
    assert metrics["stampede_http_requests_total", "/tracks/{id}", "503"] == 1


async def test_a_database_that_stands_still_is_noticed(serve: Serve) -> None:
    service = serve("--workers", 1)
    database = service.command.server("database")
    async with service.client() as client:
        os.kill(database, signal.SIGSTOP)
        try:
            status, said = await client.ask("/health")
        finally:
            os.kill(database, signal.SIGCONT)
        assert (status, said) == (503, {"status": "down", "reason": "the database did not answer within 1 s"})
        assert await client.ask("/health") == (200, {"status": "ok"})
