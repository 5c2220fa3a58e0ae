"""The choice `store`: nobody waits for a store that says nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from stampede.core.errors import StoreGone
from stampede.core.model import Answer, Role
from stampede.core.tasks import Tasks
from stampede.protection.bounded import GRACE_S, BoundedStore
from stampede.protection.breaker import Breaker
from stampede.stores.memory import MemoryStore

SILENCE_S = 0.1
REST_S = 1.0
LOAD_S = 1.0
AT_ONCE_S = 0.02
SPEC = "two-level+store(timeout=100ms,breaker=1s)"

MakeOne = Callable[..., Any]


class Hanging(MemoryStore):
    """A memory store that can be stopped: who asks then is answered when it goes on."""

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop().time)
        self.goes = asyncio.Event()
        self.goes.set()
        self.asked = 0

    async def _travel(self, sent: Callable[[], None] = lambda: None) -> None:
        self.asked += 1
        await super()._travel(sent)
        await self.goes.wait()


def now() -> float:
    return asyncio.get_running_loop().time()


def bounded(store: MemoryStore) -> tuple[BoundedStore, list[float]]:
    opened: list[float] = []
    breaker = Breaker(SILENCE_S, REST_S, lambda: opened.append(now()))
    return BoundedStore(store, SILENCE_S, breaker, Tasks()), opened


async def gone(store: BoundedStore) -> float:
    """How long it takes to learn that the store says nothing."""
    begun = now()
    with pytest.raises(StoreGone):
        await store.get("k")
    return now() - begun


async def test_a_store_that_says_nothing_has_failed_after_its_timeout() -> None:
    hanging = Hanging()
    store, _ = bounded(hanging)
    hanging.goes.clear()
    assert SILENCE_S <= await gone(store) <= SILENCE_S + GRACE_S


async def test_a_slow_answer_among_others_is_no_silence() -> None:
    """A process whose own queue is long must not take the store for dead, and send everybody to the database."""
    answers = MemoryStore(now)
    store, opened = bounded(answers)
    answers.latency = 3 * SILENCE_S
    slow = asyncio.ensure_future(store.get("slow"))
    await asyncio.sleep(0)
    answers.latency = SILENCE_S / 2
    for _ in range(8):
        await store.get("k")
    assert await slow is None
    assert opened == []


class Handing(MemoryStore):
    """A memory store whose answers go from hand to hand, each of which waits for its turn of the loop."""

    async def _travel(self, sent: Callable[[], None] = lambda: None) -> None:
        await super()._travel(sent)
        for _ in range(4):
            await asyncio.sleep(0)


async def test_turns_of_the_event_loop_that_take_long_are_no_silence(real_time: None) -> None:
    """Else a burst, or a handler that works hard, would send everybody to the database."""
    store, opened = bounded(Handing(now))
    asking = asyncio.ensure_future(store.get("k"))
    while not asking.done():
        await asyncio.sleep(0)
        time.sleep(SILENCE_S)  # noqa: ASYNC251
    assert await asking is None
    assert opened == []


async def test_one_silence_opens_no_breaker_and_one_that_goes_on_does() -> None:
    hanging = Hanging()
    store, opened = bounded(hanging)
    hanging.goes.clear()
    await asyncio.gather(*(gone(store) for _ in range(20)))
    assert opened == []
    await gone(store)
    assert len(opened) == 1


async def test_while_the_breaker_is_open_nobody_waits_and_one_tries_for_all_when_it_has_rested() -> None:
    hanging = Hanging()
    store, opened = bounded(hanging)
    hanging.goes.clear()
    while not opened:
        await gone(store)
    asked = hanging.asked
    assert await asyncio.gather(*(gone(store) for _ in range(20))) == [0.0] * 20
    assert hanging.asked == asked
    await asyncio.sleep(REST_S)
    took = sorted(await asyncio.gather(*(gone(store) for _ in range(20))))
    assert took[:19] == [0.0] * 19
    assert took[19] >= SILENCE_S
    assert hanging.asked == asked + 1


async def test_the_breaker_closes_with_the_first_answer() -> None:
    hanging = Hanging()
    store, opened = bounded(hanging)
    hanging.goes.clear()
    while not opened:
        await gone(store)
    hanging.goes.set()
    await asyncio.sleep(REST_S)
    for _ in range(3):
        assert await store.get("k") is None
    assert len(opened) == 1


async def test_who_tries_and_is_cancelled_leaves_the_try_to_another_one() -> None:
    hanging = Hanging()
    store, opened = bounded(hanging)
    hanging.goes.clear()
    while not opened:
        await gone(store)
    await asyncio.sleep(REST_S)
    trying = asyncio.ensure_future(store.get("k"))
    await asyncio.sleep(0)
    trying.cancel()
    await asyncio.wait([trying])
    hanging.goes.set()
    assert await store.get("k") is None


async def test_an_invalidation_that_is_cancelled_sends_no_second_one_to_try() -> None:
    hanging = Hanging()
    store, opened = bounded(hanging)
    hanging.goes.clear()
    while not opened:
        await gone(store)
    await asyncio.sleep(REST_S)
    trying = asyncio.ensure_future(store.get("k"))
    invalidating = asyncio.ensure_future(store.delete("k"))
    await asyncio.sleep(0)
    invalidating.cancel()
    await asyncio.wait([invalidating])
    assert await gone(store) == 0.0
    hanging.goes.set()
    assert await trying is None


async def test_an_invalidation_is_tried_although_the_breaker_is_open() -> None:
    hanging = Hanging()
    store, opened = bounded(hanging)
    hanging.goes.clear()
    while not opened:
        await gone(store)
    hanging.goes.set()
    await store.delete("k")
    assert await store.get("k") is None  # and it has closed the breaker


# -- in a protection -----------------------------------------------------------------------------------------------


async def test_callers_are_answered_when_their_load_ends_although_the_store_hangs(one: MakeOne) -> None:
    hanging = Hanging()
    it = one(SPEC, store=hanging)
    callers = [asyncio.ensure_future(it.get("k")) for _ in range(50)]
    await it.until(LOAD_S / 2)
    hanging.goes.clear()
    late = [asyncio.ensure_future(it.get("k")) for _ in range(50)]
    answers: list[Answer] = await asyncio.gather(*callers)
    assert now() - LOAD_S <= AT_ONCE_S
    assert {answer.role for answer in answers} == {Role.LEADER, Role.WAITER}
    await asyncio.gather(*late)  # they ask the store whether nothing has come in between, and it says nothing
    assert now() - LOAD_S <= SILENCE_S + GRACE_S + 1e-9  # of rounding
    assert it.loads == 1


async def test_new_callers_wait_for_the_silence_and_one_load(one: MakeOne) -> None:
    hanging = Hanging()
    it = one(SPEC, store=hanging)
    hanging.goes.clear()
    longest = 0.0

    async def ask() -> None:
        nonlocal longest
        begun = now()
        await it.get("k")
        longest = max(longest, now() - begun)

    callers = []
    for _ in range(50):
        callers.append(asyncio.ensure_future(ask()))
        await asyncio.sleep(0.05)
    await asyncio.gather(*callers)
    assert longest <= SILENCE_S + GRACE_S + LOAD_S + 1e-9  # of rounding
    assert it.protection.cache.counters.breaker_opened == 1


async def test_who_waits_for_another_process_notices_the_silence_long_before_its_lease_ends(one: MakeOne) -> None:
    hanging = Hanging()
    first, second = one(SPEC, store=hanging, owner="one"), one(SPEC, store=hanging, owner="two")
    second.seconds = 0.2
    loading = asyncio.ensure_future(first.get("k"))
    await asyncio.sleep(0.1)
    waiting = asyncio.ensure_future(second.get("k"))
    await asyncio.sleep(0.1)
    hanging.goes.clear()
    stopped = now()
    assert (await waiting).role is Role.LEADER
    assert now() - stopped <= 2 * (SILENCE_S + GRACE_S) + SILENCE_S / 2 + 0.2
    assert second.loads == 1
    assert (await loading).role is Role.LEADER


async def test_when_the_store_goes_on_everything_is_as_before(one: MakeOne) -> None:
    hanging = Hanging()
    it = one(SPEC, store=hanging, ttl=100.0)
    hanging.goes.clear()
    await it.get("k")
    hanging.goes.set()
    await asyncio.sleep(3 * REST_S)
    await it.get("k")  # this one's load is written
    await asyncio.sleep(LOAD_S)
    loads = it.loads
    assert (await it.get("k")).role is Role.HIT
    assert it.loads == loads
    assert it.protection.cache.counters.degraded == 1
    assert await it.tasks.settle(5) == 0
