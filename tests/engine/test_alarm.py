"""Waking at an instant."""

from __future__ import annotations

import asyncio
import time

import pytest
import uvloop

from stampede.engine import virtual
from stampede.engine.alarm import Alarm


@pytest.mark.parametrize("loop", [None, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_an_alarm_never_comes_early(loop: object) -> None:
    async def lateness() -> list[float]:
        late = []
        with Alarm(time.monotonic) as alarm:
            for number in range(200):
                instant = time.monotonic() + 0.0003 + number * 1e-5
                await alarm.until(instant)
                late.append(time.monotonic() - instant)
        return late

    with asyncio.Runner(loop_factory=loop) as runner:  # type: ignore[arg-type]  # uvloop's own type of loop
        late = runner.run(lateness())
    assert min(late) >= 0


def test_an_instant_that_is_over_is_not_waited_for() -> None:
    async def work() -> None:
        with Alarm(time.monotonic) as alarm:
            await alarm.until(time.monotonic() - 1)

    asyncio.run(asyncio.wait_for(work(), 1))


def test_virtual_time_is_exact() -> None:
    async def work() -> float:
        clock = asyncio.get_running_loop().time
        with Alarm(clock) as alarm:
            await alarm.until(3600.0)
        return clock()

    assert virtual.run(work()) == pytest.approx(3600.0)
