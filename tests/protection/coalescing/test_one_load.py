"""One load per expiry in the promised scope, also where reloads, expiries and late readers meet.

On virtual time: a load that begins although one of the same scope is under way, or has just ended, is one too many.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from stampede.core import registry
from stampede.core.model import Loaded
from stampede.core.ports import Sent, unheeded
from stampede.protection.promise import Scope
from stampede.stores.memory import MemoryStore

SCOPES = {name: registry.load("coalescing", name).promise.loads for name in registry.names("coalescing")}
PER_PROCESS = [name for name, scope in SCOPES.items() if scope is Scope.INSTANCE]
COALESCING = [name for name, scope in SCOPES.items() if scope is not Scope.CALLER]
FRESHNESS = ["ttl", "swr(grace=2s)", "refresh-ahead"]
LIVES_AND_LOADS = [(1.5, 1.0), (1.0, 0.3)]
SEED = 1
CALLERS = 500
SPAN_S = 7.0
WAY_S = 0.02
JUST_S = 0.3

MakeFleet = Callable[..., Any]


class Far(MemoryStore):
    """A memory store to which every way takes its own time, and so does every way back."""

    def __init__(self, random: Random) -> None:
        super().__init__(asyncio.get_running_loop().time)
        self._random = random

    async def _wait(self) -> None:
        await asyncio.sleep(self._random.uniform(0, WAY_S))

    async def _travel(self, sent: Sent = unheeded) -> None:
        sent()
        await self._wait()

    async def get(self, key: str, sent: Sent = unheeded) -> Any:
        found = await super().get(key, sent)
        await self._wait()
        return found


def watched(it: Any, loads: list[list[float]], number: int) -> None:
    """Have one instance's loads noted: who, from when, until when."""
    origin, now = it.protections[number].cache.origin, asyncio.get_running_loop().time

    async def load(key: str) -> Loaded:
        noted = [number, now(), now() + it.origin.seconds]
        loads.append(noted)
        result: Loaded = await origin(key)
        return result

    it.protections[number].cache.origin = load


def too_many(loads: list[list[float]], scope: Scope) -> list[tuple[list[float], list[float]]]:
    """Each load that began before another one of its scope had ended, or too soon after that."""
    pairs = [(a, b) for a in loads for b in loads if a[1] < b[1] < a[2] + JUST_S]
    return [(a, b) for a, b in pairs if scope is Scope.FLEET or a[0] == b[0]]


@pytest.mark.parametrize(("ttl", "seconds"), LIVES_AND_LOADS)
@pytest.mark.parametrize("freshness", FRESHNESS)
@pytest.mark.parametrize("name", COALESCING)
async def test_no_load_begins_beside_another_one_of_its_scope_or_right_after_it(
    name: str, freshness: str, ttl: float, seconds: float, fleet: MakeFleet
) -> None:
    random, loads = Random(SEED), list[list[float]]()
    it = fleet(f"{freshness}+{name}", Far(random), ttl)
    it.origin.seconds = seconds
    for number in range(it.instances):
        watched(it, loads, number)

    async def ask(moment: float, number: int) -> None:
        await asyncio.sleep(moment)
        await it.protections[number % it.instances].get("k")

    await asyncio.gather(*(ask(random.uniform(0, SPAN_S), number) for number in range(CALLERS)))
    await it.settle()
    assert too_many(loads, SCOPES[name]) == []


@pytest.mark.parametrize("name", PER_PROCESS)
async def test_a_token_that_was_left_behind_is_good_for_a_whole_further_load(name: str, fleet: MakeFleet) -> None:
    it = fleet(name, ttl=1.5)
    for loads in (1, 2):
        await it.answers(1)  # the second time under the first's token, which would end meanwhile
        await it.answers(1)
        assert it.origin.loads["k"] == loads
        await asyncio.sleep(1.55)
    assert it.protections[0].cache.counters.fenced_fills == 0


@pytest.mark.parametrize("name", PER_PROCESS)
async def test_a_key_that_expires_while_its_process_reloads_it_waits_for_that(name: str, fleet: MakeFleet) -> None:
    it = fleet(f"refresh-ahead+{name}", ttl=2.0, instances=1)
    await it.answers(1)
    await asyncio.sleep(1.8)
    await it.answers(1)  # begins the reload, which takes a second
    await asyncio.sleep(0.5)
    began = it.elapsed()
    assert len(await it.answers(10)) == 10
    assert it.elapsed() - began == pytest.approx(0.5)
    assert it.origin.loads["k"] == 2


@pytest.mark.parametrize("name", PER_PROCESS)
async def test_an_invalidation_during_a_reload_lets_nobody_have_what_it_brings(name: str, fleet: MakeFleet) -> None:
    it = fleet(f"refresh-ahead+{name}", ttl=2.0)
    await it.answers(1)
    await asyncio.sleep(1.8)
    await it.answers(1)
    await asyncio.sleep(0.5)
    it.origin.version = 2
    await it.protections[1].invalidate("k")
    assert [answer.entry.version for answer in await it.answers(10)] == [2] * 10
