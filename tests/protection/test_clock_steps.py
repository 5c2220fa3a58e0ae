"""The clock that stamps entries is an application's wall clock, and may step: what lasts is none of its business."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from stampede.core.errors import LoadError
from stampede.stores.memory import MemoryStore

HOUR = 3600.0
STEPS = pytest.mark.parametrize("step", [-HOUR, HOUR], ids=["back", "forward"])

Make = Callable[..., Any]


@STEPS
async def test_a_right_to_load_is_kept_alive(one: Make, step: float) -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    first, second = (one("lease(lease=2s)", store=store, owner=name) for name in ("first", "second"))
    first.seconds = second.seconds = 10.0
    leading = asyncio.create_task(first.get("k"))
    await first.until(1.0)
    first.step = step
    await first.until(5.0)
    await asyncio.gather(leading, second.get("k"))
    assert (first.loads, second.loads) == (1, 0)


@STEPS
async def test_nobody_waits_longer_or_shorter_than_the_timeouts_say(one: Make, step: float) -> None:
    it = one("two-level+timeouts(hard=5s)")
    it.seconds = 100.0
    waiting = asyncio.create_task(it.get("k"))
    await it.until(0.1)
    it.step = step
    with pytest.raises(LoadError, match=r"no answer within 5s|the load took longer than 5s"):
        await waiting
    assert it.loop.time() == pytest.approx(5.0, abs=0.01)


async def test_a_near_copy_is_kept_no_longer(one: Make) -> None:
    it = one("near(ttl=1s)+two-level", ttl=100.0)
    await it.protection.begin(["k"])
    for moment in (0.0, 1.5):
        await it.until(moment)
        await it.get("k")
    before = it.store.commands
    it.step = -HOUR
    await it.until(4.0)
    await it.get("k")
    assert it.store.commands > before, "it has asked the store"


@STEPS
async def test_a_schedule_is_kept(one: Make, step: float) -> None:
    it = one("scheduled(every=2s)+two-level", ttl=2 * HOUR)
    it.seconds = 0.1
    await it.protection.begin(["t:1"])
    it.step = step
    await it.until(9.0)
    assert it.loads == 5
    await it.tasks.settle(0)


@STEPS
async def test_the_time_of_a_load_is_what_it_took(one: Make, step: float) -> None:
    it = one("two-level")
    loading = asyncio.create_task(it.get("k"))
    await it.until(0.5)
    it.step = step
    assert (await loading).entry.load_s == pytest.approx(1.0)
