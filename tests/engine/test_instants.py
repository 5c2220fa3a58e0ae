"""Waking at an instant."""

from __future__ import annotations

import asyncio
import time

import pytest
import uvloop

from stampede.engine import virtual
from stampede.engine.instants import Instants


@pytest.mark.parametrize("loop", [None, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_nobody_wakes_early(loop: object) -> None:
    async def lateness() -> list[float]:
        late = []
        with Instants.on(time.monotonic) as instants:
            for number in range(200):
                instant = time.monotonic() + 0.0003 + number * 1e-5
                await instants.until(instant)
                late.append(time.monotonic() - instant)
        return late

    with asyncio.Runner(loop_factory=loop) as runner:  # type: ignore[arg-type]  # uvloop's own type of loop
        late = runner.run(lateness())
    assert min(late) >= 0


def test_an_instant_that_is_over_is_not_waited_for() -> None:
    async def work() -> None:
        with Instants.on(time.monotonic) as instants:
            await instants.until(time.monotonic() - 1)

    asyncio.run(asyncio.wait_for(work(), 1))


def test_virtual_time_is_exact() -> None:
    async def work() -> float:
        clock = asyncio.get_running_loop().time
        with Instants.on(clock) as instants:
            await instants.until(3600.0)
        return clock()

    assert virtual.run(work()) == pytest.approx(3600.0)
