"""What a placeholder promises beyond the contract of all choices: markers, and one lock for claims and reloads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from stampede.core.errors import StoreError
from stampede.core.model import Answer, Entry, Role
from stampede.protection.names import marker_of
from stampede.stores.memory import MemoryStore

CALLERS = 12
LOAD_S = 1.0
MARKER_S = 2.0
NOTICED_S = 0.1

MakeFleet = Callable[..., Any]


class Refusing(MemoryStore):
    """A memory store that refuses to set guards, markers among them, while it is `full`."""

    full = False

    async def add(self, key: str, token: str, ttl: float, over: str = "*") -> str:
        if self.full:
            raise StoreError("Redis: OOM command not allowed when used memory > 'maxmemory'.")
        return await super().add(key, token, ttl, over)


class ReadOnly(MemoryStore):
    """A memory store of which nothing can be written over or removed while it is `read_only`."""

    read_only = False

    def _check(self) -> None:
        if self.read_only:
            raise StoreError("Redis: You can't write against a read only replica.")

    async def swap(self, key: str, token: str, entry: Entry, ttl: float) -> bool:
        self._check()
        return await super().swap(key, token, entry, ttl)

    async def unclaim(self, key: str, token: str, error: str | None) -> bool:
        self._check()
        return await super().unclaim(key, token, error)


@pytest.mark.parametrize("seconds", [0.05, 3.0])
async def test_a_claim_that_could_not_be_taken_back_does_not_hold_up_the_key(
    seconds: float, fleet: MakeFleet, runner: asyncio.Runner
) -> None:
    """Its owner lives on, so nobody else may remove it; it would stay for as long as a value lives."""
    store = ReadOnly(runner.get_loop().time)
    it = fleet("placeholder", store)
    callers = it.burst(CALLERS)
    await asyncio.sleep(LOAD_S / 2)
    store.read_only = True
    assert len(await asyncio.gather(*callers)) == CALLERS
    await asyncio.sleep(seconds)
    store.read_only = False
    it.restart()
    assert len(await it.answers(CALLERS)) == CALLERS
    assert it.elapsed() <= (2 * MARKER_S if seconds > 1 else 1.1) + LOAD_S
    assert it.origin.loads["k"] == 1


async def test_a_first_claim_that_failed_is_not_remembered(fleet: MakeFleet, runner: asyncio.Runner) -> None:
    store = Refusing(runner.get_loop().time)
    it = fleet("placeholder", store)
    store.full = True
    errors = await asyncio.gather(*it.burst(CALLERS), return_exceptions=True)
    assert {type(error) for error in errors} == {StoreError}
    store.full = False
    it.restart()
    assert len(await it.answers(CALLERS)) == CALLERS
    assert it.origin.loads["k"] == 1
    assert it.elapsed() == pytest.approx(LOAD_S)


async def test_a_marker_that_was_lost_while_the_store_refused_comes_back(
    fleet: MakeFleet, runner: asyncio.Runner
) -> None:
    """Else a live owner would be taken for dead from then on, and its loads repeated."""
    store = Refusing(runner.get_loop().time)
    it = fleet("placeholder(marker=2s)", store)
    await it.answers(CALLERS, "first")
    store.full = True
    for instance in range(it.instances):
        await store.drop(marker_of(f"instance-{instance}"), f"instance-{instance}")
    await asyncio.sleep(MARKER_S)
    store.full = False
    await asyncio.sleep(MARKER_S)
    it.restart()
    it.origin.seconds = 5 * MARKER_S
    await it.answers(CALLERS)
    assert it.origin.loads["k"] == 1
    assert it.elapsed() == pytest.approx(5 * MARKER_S)


async def test_a_claim_is_renewed_for_as_long_as_its_load_takes(fleet: MakeFleet) -> None:
    """Also for a load that takes longer than the value lives."""
    it = fleet("placeholder", ttl=1.0)
    it.origin.seconds = 10.0
    callers = it.burst(CALLERS)
    await asyncio.sleep(9.0)
    callers += it.burst(CALLERS)
    await asyncio.gather(*callers)
    assert it.origin.loads["k"] == 1
    assert it.elapsed() == pytest.approx(10.0)


@pytest.mark.parametrize("freshness", ["swr(grace=1s)", "refresh-ahead", "xfetch"])
async def test_a_reload_and_a_miss_use_one_lock(freshness: str, fleet: MakeFleet) -> None:
    """A value may expire while it is reloaded: the misses from then on wait for that reload."""
    loads, longest = [], []
    for coalescing in ("placeholder", "two-level"):
        it = fleet(f"{freshness}+{coalescing}", ttl=5.0)
        it.origin.seconds = 2.0
        callers = []
        for _ in range(500):
            callers += it.burst(it.instances)
            await asyncio.sleep(0.1)
        await asyncio.gather(*callers)
        await it.settle()
        loads.append(it.origin.loads["k"])
        longest.append(it.origin.peak)
    assert longest == [1, 1]
    lots = 1 if freshness == "xfetch" else 0  # are drawn by every caller, or by every flight
    assert abs(loads[0] - loads[1]) <= lots


async def test_a_reload_that_finds_a_claim_leaves_the_load_to_it(fleet: MakeFleet) -> None:
    """Who read the old value before it ended may come to reload it after another one has claimed the key."""
    it = fleet("placeholder")
    first = it.burst(1)
    await asyncio.sleep(LOAD_S / 2)
    old = Entry(b"0", 0, 0.0, 0.0, 1.0, 0.1)
    assert await it.protections[1]._coalescing.reload("k", old) is None
    assert [answer.role for answer in await asyncio.gather(*first)] == [Role.LEADER]
    assert it.origin.loads["k"] == 1


async def test_a_dead_owner_of_a_claim_is_followed_within_its_markers_life(fleet: MakeFleet) -> None:
    it = fleet("placeholder(marker=2s)")
    await it.store.add(marker_of("dead"), "dead", MARKER_S)
    await it.store.claim("k", "dead/dead-0", 100.0)
    it.restart()
    answers: list[Answer] = await it.answers(CALLERS)
    assert len(answers) == CALLERS
    assert it.origin.loads["k"] == 1
    assert it.elapsed() <= MARKER_S + LOAD_S + NOTICED_S
