"""What drives the fake database when it is set against theory."""

from __future__ import annotations

import gc

import pytest

from stampede.core.errors import DatabaseUnavailable, LoadError
from stampede.core.units import Duration
from stampede.engine import theory
from stampede.measure.queues import Queue
from stampede.measure.theory import Burst
from stampede.origins.latency import Latency

LATENCY = Duration(0.02)


async def test_a_burst_is_seen_on_both_clocks(real_time: None) -> None:
    async with theory._database() as database:
        seen = await theory.fire(database, Burst(20, LATENCY))
    assert len(seen.database) == len(seen.callers) == 66
    assert (seen.callers >= seen.database).all()
    assert seen.database[-1] >= 4 * LATENCY


async def test_a_queue_gets_as_many_loads_as_its_rate_says(real_time: None) -> None:
    queue = Queue(Latency.parse("5ms"), 4)
    async with theory._database() as database:
        seen = await theory.run_queue(database, queue, 1.0, 3)
        same = await theory.run_queue(database, queue, 1.0, 3)
    assert len(seen.loads) == len(same.loads) == pytest.approx(queue.rate, rel=0.2)
    assert (seen.executed, seen.abandoned) == (len(seen.loads), 0)


async def test_a_load_that_fails_ends_the_check_with_one_line(real_time: None) -> None:
    async def check() -> None:
        async with theory._database() as database:
            callers = theory.Loads(database)
            await database.change("20ms", True)
            callers.load("k")
            await callers.all_ended()

    with pytest.raises(DatabaseUnavailable, match=r"^the fake-slow database failed .*: try again$"):
        await check()


async def test_callers_raise_what_a_load_raised_when_all_have_ended(real_time: None) -> None:
    async with theory._database() as database:
        callers = theory.Loads(database)
        await database.change("20ms", True)
        callers.load("a")
        callers.load("b")
        with pytest.raises(LoadError, match="errors"):
            await callers.all_ended()
    assert len(callers.ended) == 2


def test_nothing_is_collected_meanwhile() -> None:
    with theory._no_collections():
        assert not gc.isenabled()
    assert gc.isenabled()
