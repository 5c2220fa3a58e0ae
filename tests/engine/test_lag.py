"""The harness's measure of its own lateness."""

from __future__ import annotations

import asyncio
import time

import pytest

from stampede.engine import virtual
from stampede.engine.lag import LagMeter


def test_a_blocked_loop_is_noticed() -> None:
    async def work() -> None:
        await asyncio.sleep(0.02)
        time.sleep(0.1)  # noqa: ASYNC251 - the fault to be noticed
        await asyncio.sleep(0.02)

    async def measure() -> float:
        meter = LagMeter(time.monotonic)
        await meter.during(work())
        return meter.maximum

    assert 0.09 < asyncio.run(measure()) < 5


def test_a_loop_that_is_never_late_has_no_lag() -> None:
    async def measure() -> float:
        meter = LagMeter(asyncio.get_running_loop().time)
        await meter.during(asyncio.sleep(60))
        return meter.maximum

    assert virtual.run(measure()) == pytest.approx(0, abs=1e-6)


def test_an_error_of_the_work_comes_through_and_ends_the_measurement() -> None:
    async def work() -> None:
        await asyncio.sleep(0.01)
        raise ValueError("mine")

    async def measure() -> int:
        with pytest.raises(ValueError, match="mine"):
            await LagMeter(time.monotonic).during(work())
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert asyncio.run(measure()) == 1
