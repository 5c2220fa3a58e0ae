"""What the machine's processors did."""

from __future__ import annotations

import sys

import pytest

from stampede.engine.machine import CpuTimes, processors

START = CpuTimes(total=1000, idle=500, stolen=10)


def test_the_ticks_between_two_looks_are_shares_of_all_processors() -> None:
    seen = processors(START, CpuTimes(total=2000, idle=900, stolen=60), own_s=2.0)
    assert seen is not None
    assert (seen.seconds, seen.busy, seen.stolen, seen.own) == pytest.approx((10.0, 0.55, 0.05, 0.2))
    assert seen.foreign == pytest.approx(0.35)


@pytest.mark.parametrize("after", [START, None])
def test_where_the_kernel_does_not_tell_nothing_is_known(after: CpuTimes | None) -> None:
    assert processors(START, after) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_the_kernel_s_ticks_are_read() -> None:
    times = CpuTimes.now()
    assert times is not None
    assert 0 <= times.stolen <= times.total
    assert 0 < times.idle < times.total
