"""Alarms that ring at absolute moments."""

from __future__ import annotations

import asyncio
import os
import sys
import time

import pytest

from stampede.core.alarm import KernelAlarm

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="timerfd is Linux's"),
    pytest.mark.usefixtures("real_time"),
]


async def test_it_rings_never_early_and_only_for_what_was_set_last() -> None:
    rung: list[float] = []
    alarm = KernelAlarm(lambda: rung.append(time.monotonic()), time.monotonic)
    when = time.monotonic() + 0.0305
    alarm.set(when - 0.02)
    alarm.set(when)
    await asyncio.sleep(0.2)
    assert len(rung) == 1
    assert rung[0] >= when
    alarm.clear()


async def test_a_moment_that_has_passed_rings_at_once() -> None:
    rung = asyncio.Event()
    alarm = KernelAlarm(rung.set, time.monotonic)
    alarm.set(time.monotonic() - 1)
    await asyncio.wait_for(rung.wait(), 5)
    alarm.clear()


async def test_it_leaves_no_file_open_when_cleared() -> None:
    before = len(os.listdir("/proc/self/fd"))
    alarm = KernelAlarm(lambda: None, time.monotonic)
    alarm.set(time.monotonic() + 10)
    assert len(os.listdir("/proc/self/fd")) == before + 1
    alarm.clear()
    assert len(os.listdir("/proc/self/fd")) == before
