"""However a load ends, who waits for it is told: on virtual time, for every choice whose callers wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from stampede.core import registry
from stampede.core.errors import StoreError
from stampede.core.model import Answer, Entry, Filled, Notify
from stampede.core.ports import Sent, unheeded
from stampede.protection.promise import Scope
from stampede.stores.memory import MemoryStore

CALLERS = 40
INSTANCES = 4
LOAD_S = 1.0
SHORT_S = 0.8
NOTICED_S = 0.2
LEASE_S = 2.0
WAITING = [
    name for name in registry.names("coalescing") if registry.load("coalescing", name).promise.loads is Scope.FLEET
]
POLLING = ["redis-lock"]

MakeFleet = Callable[..., Any]


class Picky(MemoryStore):
    """A memory store that refuses to keep a value, and to pass one on if it is told so, as Redis does a huge one."""

    def __init__(self, clock: Callable[[], float], pushes: bool) -> None:
        super().__init__(clock)
        self._pushes = pushes

    async def fill(
        self, key: str, token: str, entry: Entry, ttl: float, notify: Notify, sent: Sent = unheeded
    ) -> bool:
        await self._travel()
        raise StoreError("Redis: Protocol error: invalid bulk length")

    async def swap(self, key: str, token: str, entry: Entry, ttl: float) -> bool:
        await self._travel()
        raise StoreError("Redis: Protocol error: invalid bulk length")

    async def tell(self, key: str, news: Filled) -> None:
        if news.entry is not None and not self._pushes:
            await self._travel()
            raise StoreError("Redis: Protocol error: invalid bulk length")
        await super().tell(key, news)

    def flush(self) -> None:
        """Forget everything, as FLUSHALL does."""
        for kept in (self._entries, self._claims, self._guards):
            kept._items.clear()


class Flushable(Picky):
    """A memory store that can be flushed."""

    fill = MemoryStore.fill
    swap = MemoryStore.swap


@pytest.fixture(params=WAITING)
def name(request: pytest.FixtureRequest) -> str:
    """Every choice whose callers wait for each other."""
    return str(request.param)


async def test_a_value_that_cannot_be_kept_is_pushed_to_all_who_wait(
    name: str, fleet: MakeFleet, runner: asyncio.Runner
) -> None:
    it = fleet(name, Picky(runner.get_loop().time, pushes=True))
    assert len(await it.answers(CALLERS)) == CALLERS
    if name in POLLING:  # there is nobody to push to
        assert it.origin.loads["k"] <= 1 + INSTANCES
        assert it.elapsed() < 2 * LOAD_S + NOTICED_S
    else:
        assert it.origin.loads["k"] == 1
        assert it.elapsed() == pytest.approx(LOAD_S)
    await it.settle()
    it.restart()
    assert len(await it.answers(1)) == 1
    assert it.elapsed() == pytest.approx(LOAD_S)  # nothing was left taken


async def test_a_value_that_cannot_even_be_pushed_is_loaded_once_by_every_process_at_the_same_time(
    name: str, fleet: MakeFleet, runner: asyncio.Runner
) -> None:
    it = fleet(name, Picky(runner.get_loop().time, pushes=False))
    assert len(await it.answers(CALLERS)) == CALLERS
    assert it.origin.loads["k"] <= 1 + INSTANCES
    assert it.elapsed() < 2 * LOAD_S + NOTICED_S
    await it.settle()
    it.restart()
    assert len(await it.answers(1)) == 1
    assert it.elapsed() == pytest.approx(LOAD_S)


async def test_those_who_load_by_themselves_share_one_error(
    name: str, fleet: MakeFleet, runner: asyncio.Runner
) -> None:
    it = fleet(name, Picky(runner.get_loop().time, pushes=False))
    callers = it.burst(CALLERS)
    await asyncio.sleep(LOAD_S / 2)
    it.origin.error = "no"
    results = await asyncio.gather(*callers, return_exceptions=True)
    led = [result for result in results if isinstance(result, Answer)]
    assert len(led) >= 1
    assert {str(error) for error in results if isinstance(error, Exception)} == {"no"}
    assert it.elapsed() < 2 * LOAD_S + NOTICED_S


async def test_an_instance_that_leaves_during_its_load_is_followed_at_once(name: str, fleet: MakeFleet) -> None:
    it = fleet(name)
    leaving = it.burst(1)
    await asyncio.sleep(0.1)
    waiting = [asyncio.ensure_future(it.protections[n % 3 + 1].get("k")) for n in range(CALLERS)]
    await asyncio.sleep(0.4)
    await it.tasks[0].settle(0)
    for caller in leaving:
        caller.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)
    assert len(await asyncio.gather(*waiting)) == CALLERS
    assert it.origin.loads["k"] == 2
    assert it.elapsed() < 0.5 + LOAD_S + NOTICED_S


async def test_who_waits_is_served_by_a_load_whose_guard_was_flushed(
    name: str, fleet: MakeFleet, runner: asyncio.Runner
) -> None:
    """Of a lock whose waiters poll, the next one takes it at once: two loads, and no later than without a push."""
    store = Flushable(runner.get_loop().time, pushes=True)
    it = fleet(name, store)
    it.origin.seconds = SHORT_S
    callers = it.burst(CALLERS)
    await asyncio.sleep(0.3)
    store.flush()
    assert len(await asyncio.gather(*callers)) == CALLERS
    polls = name in POLLING
    assert it.origin.loads["k"] == (2 if polls else 1)
    assert it.elapsed() < (0.3 if polls else 0.0) + SHORT_S + NOTICED_S


async def test_a_load_without_its_guard_serves_also_those_who_have_looked_again_meanwhile(
    name: str, fleet: MakeFleet, runner: asyncio.Runner
) -> None:
    store = Flushable(runner.get_loop().time, pushes=True)
    it = fleet(name, store)
    it.origin.seconds = 3 * LEASE_S
    callers = it.burst(CALLERS)
    await asyncio.sleep(0.3)
    store.flush()
    in_time, late = await asyncio.wait(callers, timeout=3 * LEASE_S)
    if name not in POLLING:  # where who polls takes the lock at once, and all the others wait for that one
        assert len(in_time) >= CALLERS - CALLERS // INSTANCES  # the others wait for one of their own process
    assert len(await asyncio.gather(*in_time, *late)) == CALLERS
    assert it.origin.loads["k"] == 2
    assert it.elapsed() <= 3 * LEASE_S + LEASE_S


async def test_a_load_that_fails_without_its_guard_tells_so(
    name: str, fleet: MakeFleet, runner: asyncio.Runner
) -> None:
    store = Flushable(runner.get_loop().time, pushes=True)
    it = fleet(name, store)
    it.origin.error, it.origin.seconds = "no", SHORT_S
    callers = it.burst(CALLERS)
    await asyncio.sleep(0.3)
    store.flush()
    errors = await asyncio.gather(*callers, return_exceptions=True)
    assert {str(error) for error in errors} == {"no"}
    assert it.origin.loads["k"] <= (2 if name in POLLING else 1)
    assert it.elapsed() < (0.3 if name in POLLING else 0.0) + SHORT_S + NOTICED_S


async def test_a_flush_after_an_invalidation_does_not_bring_the_older_load_back(
    name: str, fleet: MakeFleet, runner: asyncio.Runner
) -> None:
    """The fence is sacred: a guard that is gone is never taken again for a load that runs already."""
    store = Flushable(runner.get_loop().time, pushes=True)
    it = fleet(name, store)
    it.origin.seconds = 3 * LEASE_S
    before = it.burst(CALLERS)
    await asyncio.sleep(0.3)
    it.origin.version = 2
    await it.protections[1].invalidate("k")
    store.flush()
    await asyncio.sleep(LEASE_S)
    after = it.burst(CALLERS)
    await asyncio.gather(*before)
    assert {answer.entry.version for answer in await asyncio.gather(*after)} == {2}
    kept = await store.get("k")
    assert kept is not None
    assert kept.version == 2
