"""The stores under test; a test that is a coroutine runs on the loop of its store."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from redis import Redis

from stampede.core.model import Entry
from stampede.core.ports import Store
from stampede.engine.virtual import VirtualLoop
from stampede.stores.memory import MemoryStore
from stampede.stores.redis import RedisStore

PATIENCE_S = 30
KINDS = ["memory", "valkey", "redis7", "valkey-pooled"]
POOL = 4


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine on the loop of the fixture `runner`."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    runner: asyncio.Runner = pyfuncitem.funcargs["runner"]
    arguments: dict[str, Any] = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}

    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await pyfuncitem.obj(**arguments)

    runner.run(bounded())
    return True


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which store a contract test is about."""
    return str(request.param)


@pytest.fixture
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    """The loop of the test: virtual time for the memory store, the real one for Redis."""
    virtual = "kind" in request.fixturenames and request.getfixturevalue("kind") == "memory"
    with asyncio.Runner(loop_factory=VirtualLoop if virtual else None) as runner:
        yield runner


@pytest.fixture
def prefix() -> str:
    """A prefix of the test's own: the servers are shared."""
    return f"test:{{{Random().getrandbits(64):x}}}:"


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
