"""The stores under test; a test that is a coroutine runs on the loop of its store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from redis import Redis

from stampede.core.model import Entry
from stampede.core.ports import Store
from stampede.stores.memory import MemoryStore
from stampede.stores.redis.store import RedisStore

PATIENCE_S = 30
KINDS = ["memory", "valkey", "redis7", "valkey-pooled"]
POOL = 4


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which store a contract test is about."""
    return str(request.param)


@pytest.fixture
def store(request: pytest.FixtureRequest, kind: str, runner: asyncio.Runner, prefix: str) -> Iterator[Store]:
    """An empty store."""
    if kind == "memory":
        yield MemoryStore(runner.get_loop().time)
        return
    server, _, pooled = kind.partition("-")
    url = request.getfixturevalue(server).url
    redis = runner.run(RedisStore.open(url, prefix, POOL if pooled else None))
    yield redis
    runner.run(redis.close())


@pytest.fixture
def redis_store(redis_url: str, runner: asyncio.Runner, prefix: str) -> Iterator[RedisStore]:
    """An empty store over each real server."""
    store = runner.run(RedisStore.open(redis_url, prefix))
    yield store
    runner.run(store.close())


@pytest.fixture
def raw(redis_url: str) -> Iterator[Redis]:
    """A client of its own, to look at what is really there."""
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def entry() -> Entry:
    """A value in its envelope."""
    return Entry(b'{"tracks": [1, 2, 3]}', version=7, loaded_at=1.5, stale_at=11.5, expires_at=21.5, load_s=0.1)
