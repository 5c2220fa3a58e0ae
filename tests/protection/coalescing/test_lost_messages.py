"""Promise 32 over real servers: a subscription that was lost costs nobody more than the time until it is back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis

from stampede.core import registry
from stampede.core.model import Loaded
from stampede.core.ports import News
from stampede.stores.redis.store import RedisStore

LONG_S = 8
SOON_S = 3.0
"""A shared machine may take that long to connect again; who waits for the lease needs `LONG_S`."""

TOLD = [name for name in registry.names("coalescing") if News in registry.load("coalescing", name).needs]

FleetOn = Callable[..., Any]


@pytest.fixture(params=TOLD)
def patient(request: pytest.FixtureRequest) -> str:
    """Every choice whose waiters are told, with a long lease: without news they would wait for its end."""
    parameters = registry.parameters(registry.load("coalescing", request.param))
    return f"{request.param}({'lease' if 'lease' in parameters else 'marker'}={LONG_S}s)"


@pytest.fixture
def two_stores(runner: asyncio.Runner, redis_url: str, prefix: str) -> Iterator[list[RedisStore]]:
    """Two instances' stores, each with connections of its own."""
    stores = [runner.run(RedisStore.open(redis_url, prefix)) for _ in range(2)]
    yield stores
    for store in stores:
        runner.run(store.close())


async def test_a_fill_that_nobody_heard_is_found_when_the_subscription_is_back(
    patient: str, fleet_on: FleetOn, two_stores: list[RedisStore], redis_url: str
) -> None:
    it, go_on = fleet_on(patient, two_stores), asyncio.Event()

    async def load(key: str) -> Loaded:
        it.origin.loads[key] += 1
        await go_on.wait()
        return Loaded(b"1", 1)

    for protection in it.protections:
        protection.cache.origin = load
    leader = asyncio.ensure_future(it.protections[0].get("k"))
    while not it.origin.loads["k"]:
        await asyncio.sleep(0.001)
    waiters = [asyncio.ensure_future(it.protections[1].get("k")) for _ in range(5)]
    await asyncio.sleep(0.1)
    with Redis.from_url(redis_url) as raw:
        raw.client_kill_filter(_type="pubsub")
    go_on.set()
    began = time.monotonic()
    await leader
    newcomers = [asyncio.ensure_future(it.protections[1].get("k")) for _ in range(5)]
    assert {answer.entry.version for answer in await asyncio.gather(*waiters, *newcomers)} == {1}
    assert time.monotonic() - began < SOON_S
    assert it.origin.loads["k"] == 1
    await it.settle()
