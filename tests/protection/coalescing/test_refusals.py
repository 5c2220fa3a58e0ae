"""A real server that refuses to keep a value: nobody waits for a lease, and no bystander notices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis

from stampede.core import registry
from stampede.core.errors import StoreError
from stampede.core.model import Answer
from stampede.processes.redis_server import EmbeddedRedis
from stampede.protection.promise import Scope

CALLERS = 12
INSTANCES = 2
LOAD_S = 0.3
AT_MOST_S = 6.0
HUGE = b'"' + b"x" * (2 << 20) + b'"'
PARAMETERS = {"placeholder": "marker"}
WAITING = [
    f"{name}({PARAMETERS.get(name, 'lease')}=20s)"
    for name in registry.names("coalescing")
    if registry.load("coalescing", name).promise.loads is Scope.FLEET
]
"""Every choice whose callers wait for each other, with so long a lease that waiting for its end would be noticed."""

MakeFleet = Callable[..., Any]


@pytest.fixture
def valkey() -> Iterator[EmbeddedRedis]:
    """A server of the test's own, whose settings it may change."""
    server = EmbeddedRedis()
    try:
        asyncio.run(server.ready())
        yield server
    finally:
        server.stop()


@pytest.fixture
def raw(valkey: EmbeddedRedis) -> Iterator[Redis]:
    """Its operator."""
    with Redis.from_url(valkey.url) as client:
        yield client


@pytest.fixture(params=WAITING)
def spec(request: pytest.FixtureRequest) -> str:
    """Every choice whose callers wait for each other."""
    return str(request.param)


class Bystanders:
    """They read other keys of the same instances all the time, and note what goes wrong."""

    def __init__(self, fleet: Any) -> None:
        self.errors: list[StoreError] = []
        self.reads = 0
        self._tasks = [asyncio.ensure_future(self._read(store)) for store in fleet.stores for _ in range(4)]

    async def _read(self, store: Any) -> None:
        while True:
            try:
                await store.get("another")
            except StoreError as error:
                self.errors.append(error)
            self.reads += 1
            await asyncio.sleep(0.001)

    async def leave(self) -> None:
        """End."""
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)


async def begun(fleet: Any) -> None:
    """Wait until the load is under way."""
    while not fleet.origin.in_flight:
        await asyncio.sleep(0.001)


async def test_a_value_too_large_for_redis_reaches_all_who_wait_and_harms_no_bystander(
    spec: str, real_fleet: MakeFleet, raw: Redis
) -> None:
    raw.config_set("proto-max-bulk-len", 1 << 20)
    it = real_fleet(spec, "huge-", LOAD_S)
    it.origin.value = HUGE
    bystanders = Bystanders(it)
    for _ in range(2):  # the second time over connections that have seen a refusal
        it.restart()
        answers = await it.answers(CALLERS)
        assert {answer.entry.value for answer in answers} == {HUGE}
        late = INSTANCES if "redis-lock(" in spec else 0  # who polls may see the note when others have loaded already
        assert it.origin.loads["k"] <= 1 + INSTANCES + late
        assert it.elapsed() < AT_MOST_S
        await it.settle()
    await bystanders.leave()
    assert bystanders.errors == []
    assert bystanders.reads > 0
    it.origin.value = b'"small"'
    it.restart()
    assert {answer.entry.value for answer in await it.answers(CALLERS)} == {b'"small"'}
    assert it.elapsed() < AT_MOST_S


async def test_a_server_that_is_out_of_memory_at_the_fill_holds_up_nobody(
    spec: str, real_fleet: MakeFleet, raw: Redis
) -> None:
    """Who polls has to ask for the lock again, and hears at once that there is no memory for one."""
    it = real_fleet(spec, "memory-", LOAD_S)
    it.restart()
    callers = it.burst(CALLERS)
    await begun(it)
    await asyncio.sleep(LOAD_S / 3)  # all others have found out by now that they wait
    raw.config_set("maxmemory", 1)
    results = await asyncio.gather(*callers, return_exceptions=True)
    errors = [result for result in results if not isinstance(result, Answer)]
    assert all(isinstance(error, StoreError) and "maxmemory" in str(error) for error in errors)
    assert not errors or "redis-lock(" in spec
    assert it.origin.loads["k"] == 1
    assert it.elapsed() < AT_MOST_S
    raw.config_set("maxmemory", 0)
    await it.settle()
    it.restart()
    assert len(await it.answers(CALLERS)) == CALLERS
    assert it.elapsed() < AT_MOST_S


async def test_a_server_that_is_flushed_during_the_load_holds_up_nobody(
    spec: str, real_fleet: MakeFleet, raw: Redis
) -> None:
    it = real_fleet(spec, "flush-", LOAD_S)
    it.restart()
    callers = it.burst(CALLERS)
    await begun(it)
    await asyncio.sleep(LOAD_S / 3)
    raw.flushall()
    assert len(await asyncio.gather(*callers)) == CALLERS
    assert it.origin.loads["k"] <= 2
    assert it.elapsed() < AT_MOST_S
    await it.settle()
