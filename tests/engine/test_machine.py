"""Whether the machine was steady."""

from __future__ import annotations

import sys

import pytest

from stampede.engine.machine import CpuTimes, unsteady

START = CpuTimes(total=1000, idle=500, stolen=10)


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (CpuTimes(2000, 1000, 10), []),
        (CpuTimes(2000, 550, 10), ["95% busy"]),
        (CpuTimes(2000, 1000, 60), ["5.0% of the processors (steal)"]),
        (CpuTimes(2000, 500, 60), ["100% busy", "steal"]),
        (START, []),
        (None, []),
    ],
)
def test_a_busy_machine_and_one_that_is_taken_away_are_warned_about(after: CpuTimes | None, words: list[str]) -> None:
    found = unsteady(START, after)
    assert len(found) == len(words)
    for warning, word in zip(found, words, strict=True):
        assert word in warning


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_the_kernel_s_ticks_are_read() -> None:
    times = CpuTimes.now()
    assert times is not None
    assert 0 <= times.stolen <= times.total
    assert 0 < times.idle < times.total
