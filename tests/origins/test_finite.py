"""The model of a slow and finite database, on virtual time."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.core.errors import LoadError
from stampede.core.model import Loaded
from stampede.engine import virtual
from stampede.origins.finite import FiniteDatabase
from stampede.origins.latency import Latency


def now() -> float:
    return asyncio.get_running_loop().time()


def database(latency: str = "1s", connections: int = 3, seed: int = 1) -> FiniteDatabase:
    """A database whose value is the key."""
    return FiniteDatabase(Latency.parse(latency), connections, seed, now, str.encode)


async def test_a_load_takes_its_latency_and_runs_the_query() -> None:
    it = database()
    assert await it.load("k") == Loaded(b"k", 1)
    assert now() == pytest.approx(1.0)


async def test_a_load_counts_as_a_hit_the_moment_it_arrives() -> None:
    it = database(connections=1)
    loads = [asyncio.ensure_future(it.load(key)) for key in ("a", "b", "b")]
    await asyncio.sleep(0)
    assert it.seen().hits == {"a": 1, "b": 2}
    await asyncio.gather(*loads)
    assert it.seen().hits == {"a": 1, "b": 2}


async def test_more_loads_than_connections_queue() -> None:
    it = database(connections=3)
    await asyncio.gather(*(it.load("k") for _ in range(10)))
    assert now() == pytest.approx(4.0)
    assert (it.seen().peak_in_flight, it.seen().peak_queued) == (3, 7)


async def test_the_queue_is_first_come_first_served() -> None:
    it, served = database(connections=2), []

    async def load(key: str) -> None:
        await it.load(key)
        served.append(key)

    await asyncio.gather(*(load(str(number)) for number in range(9)))
    assert served == [str(number) for number in range(9)]


async def test_the_timeline_has_a_row_for_every_change() -> None:
    await asyncio.sleep(5)
    it = database(connections=1)
    await asyncio.sleep(0.5)
    await asyncio.gather(it.load("k"), it.load("k"))
    timeline: list[Any] = it.seen().timeline
    assert timeline == [
        (pytest.approx(5.5), 1, 0),
        (pytest.approx(5.5), 1, 1),
        (pytest.approx(6.5), 0, 1),
        (pytest.approx(6.5), 1, 0),
        (pytest.approx(7.5), 0, 0),
    ]


@given(loads=st.integers(1, 60), connections=st.integers(1, 25))
def test_peaks_queue_and_time_follow_from_loads_and_connections(loads: int, connections: int) -> None:
    async def body() -> None:
        it = database(connections=connections)
        await asyncio.gather(*(it.load("k") for _ in range(loads)))
        seen = it.seen()
        assert now() == pytest.approx(math.ceil(loads / connections))
        assert seen.peak_in_flight == min(loads, connections) == max(row[1] for row in seen.timeline)
        assert seen.peak_queued == max(0, loads - connections) == max(row[2] for row in seen.timeline)
        assert seen.timeline[-1][1:] == (0, 0)
        assert seen.hits == {"k": loads}

    virtual.run(body())


async def test_a_load_that_is_cancelled_in_the_queue_leaves_it() -> None:
    it = database(connections=1)
    first, second, third = (asyncio.ensure_future(it.load("k")) for _ in range(3))
    await asyncio.sleep(0.5)
    second.cancel()
    await asyncio.wait([first, second, third])
    assert now() == pytest.approx(2.0)
    assert it.seen().timeline[-1][1:] == (0, 0)
    assert it.seen().peak_in_flight == 1


async def test_a_load_that_is_cancelled_at_work_frees_its_connection() -> None:
    it = database(connections=1)
    first, second = (asyncio.ensure_future(it.load("k")) for _ in range(2))
    await asyncio.sleep(0.5)
    first.cancel()
    await second
    assert now() == pytest.approx(1.5)
    assert it.seen().timeline[-1][1:] == (0, 0)


async def test_a_query_that_fails_frees_its_connection() -> None:
    def query(key: str) -> bytes:
        raise LookupError(key)

    it = FiniteDatabase(Latency.parse("1s"), 1, 1, now, query)
    errors = await asyncio.gather(*(it.load("k") for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in errors] == [LookupError] * 3
    assert now() == pytest.approx(3.0)
    assert it.seen().timeline[-1][1:] == (0, 0)


async def test_a_drawn_latency_repeats_with_its_seed() -> None:
    async def drawn(seed: int) -> list[float]:
        it = database("lognormal(median=1s,sigma=0.5)", seed=seed)
        moments = []
        for _ in range(5):
            begun = now()
            await it.load("k")
            moments.append(round(now() - begun, 6))
        return moments

    one, same, other = await drawn(1), await drawn(1), await drawn(2)
    assert one == same
    assert one != other
    assert len(set(one)) == 5


async def test_a_load_gives_the_version_that_its_key_had_when_its_query_began() -> None:
    it = database()
    load = asyncio.ensure_future(it.load("k"))
    await asyncio.sleep(0.5)
    assert it.write("k") == 2
    assert (await load).version == 1
    assert (await it.load("k")).version == 2
    assert (await it.load("other")).version == 1


async def test_a_reset_begins_a_new_count_with_the_new_model() -> None:
    it = database(connections=1)
    await asyncio.gather(it.load("k"), it.load("k"))
    it.reset(Latency.parse("100ms"), 2, 1)
    assert (it.seen().hits, it.seen().peak_in_flight, it.seen().peak_queued, it.seen().timeline) == ({}, 0, 0, [])
    begun = now()
    await asyncio.gather(it.load("k"), it.load("k"))
    assert now() - begun == pytest.approx(0.1)
    assert it.seen().peak_in_flight == 2


async def test_a_load_belongs_to_the_count_in_which_it_arrived() -> None:
    it = database(connections=1)
    late = [asyncio.ensure_future(it.load("late")) for _ in range(2)]
    await asyncio.sleep(0.5)
    it.reset(Latency.parse("1s"), 1, 1)
    # Who still queues for the old count is sent away: its trial is over.
    _, first, second = await asyncio.gather(it.load("new"), *late, return_exceptions=True)
    assert isinstance(first, Loaded)
    assert first.version == 1
    assert isinstance(second, LoadError)
    seen = it.seen()
    assert seen.hits == {"new": 1}
    assert (seen.peak_in_flight, seen.peak_queued) == (1, 0)
    assert [row[1:] for row in seen.timeline] == [(1, 0), (0, 0)]


async def test_late_timers_do_not_add_up() -> None:
    skew = 0.0

    def late_clock() -> float:
        return now() + skew

    it = FiniteDatabase(Latency.parse("1s"), 1, 1, late_clock, str.encode)
    loads = [asyncio.ensure_future(it.load("k")) for _ in range(3)]
    await asyncio.sleep(0.5)
    skew = 0.8  # the process stood still
    await asyncio.gather(*loads)
    assert late_clock() == pytest.approx(3.0)
    seen = it.seen()
    assert (seen.executed, seen.abandoned) == (3, 0)
    assert seen.drawn_s == pytest.approx(3.0)
    assert seen.busy_s == pytest.approx(3.0 + seen.lateness_max_s)
    assert seen.lateness_max_s == pytest.approx(0.8)


async def test_a_load_that_leaves_the_queue_is_abandoned_and_not_executed() -> None:
    it = database(connections=1)
    first, second = (asyncio.ensure_future(it.load("k")) for _ in range(2))
    await asyncio.sleep(0.5)
    second.cancel()
    await asyncio.wait([first, second])
    assert (it.seen().hits, it.seen().executed, it.seen().abandoned) == ({"k": 2}, 1, 1)


async def test_a_load_that_leaves_its_connection_is_abandoned_and_the_next_is_served_at_once() -> None:
    it = database(connections=1)
    first, second = (asyncio.ensure_future(it.load("k")) for _ in range(2))
    await asyncio.sleep(0.5)
    assert (it.seen().executed, it.seen().abandoned) == (0, 0), "what is served or queued is neither"
    first.cancel()
    await asyncio.wait([first, second])
    assert now() == pytest.approx(1.5)
    assert (it.seen().executed, it.seen().abandoned) == (1, 1)


async def test_a_missing_key_is_null_until_it_is_written() -> None:
    it = database("1ms", 1)
    it.reset(Latency.parse("1ms"), 1, 1, missing=1.0)
    assert await it.load("t0:3") == Loaded(b"null", 1)
    it.write("t0:3")
    assert await it.load("t0:3") == Loaded(b"t0:3", 2)
    it.reset(Latency.parse("1ms"), 1, 1)
    assert await it.load("t0:4") == Loaded(b"t0:4", 1)


async def test_without_a_history_all_is_counted_and_nothing_is_kept() -> None:
    it = FiniteDatabase(Latency.parse("1s"), 2, 1, now, str.encode, history=False)
    for round in range(1, 4):
        await asyncio.gather(*(it.load(f"{round}/{number}") for number in range(5)))
        seen = it.seen()
        assert (seen.hits, seen.executed, seen.peak_queued) == ({"": 5 * round}, 5 * round, 3)
        assert (seen.timeline, seen.loads) == ([], [])
    it.reset(Latency.parse("1s"), 2, 1)
    await it.load("a")
    assert (it.seen().hits, it.seen().loads) == ({"": 1}, [])
