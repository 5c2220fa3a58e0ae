"""What a database did beside theory: on virtual time, where it is exact."""

from __future__ import annotations

import asyncio
from random import Random

import msgspec
import numpy as np
import pytest

from stampede.core.units import Duration
from stampede.measure.queues import Queue
from stampede.measure.theory import Burst, Row, burst_rows, burst_seen, queue_rows
from stampede.origins.finite import FiniteDatabase
from stampede.origins.latency import Latency
from stampede.origins.window import Seen

SEED = 5
MARKOV = "exponential(mean=50ms)"


async def ran(queue: Queue, loads: int) -> Seen:
    """What a database saw of Poisson arrivals."""
    loop, random = asyncio.get_running_loop(), Random(1)
    database = FiniteDatabase(queue.latency, queue.connections, SEED, loop.time, str.encode)
    pending = []
    for _ in range(loads):
        await asyncio.sleep(random.expovariate(queue.rate))
        pending.append(asyncio.ensure_future(database.load("k")))
    await asyncio.gather(*pending)
    return database.seen()


def late(seen: Seen, by: float) -> Seen:
    return msgspec.structs.replace(seen, loads=[(key, arrived, ended + by) for key, arrived, ended in seen.loads])


def row(rows: list[Row], words: str) -> Row:
    (found,) = [row for row in rows if words in row.what]
    return found


@pytest.mark.parametrize(("latency", "connections"), [("20ms", 1), ("100ms", 20), (MARKOV, 5)])
async def test_the_model_waits_exactly_as_the_simulation_says(latency: str, connections: int) -> None:
    queue = Queue(Latency.parse(latency), connections)
    rows = queue_rows(queue, await ran(queue, 1500), SEED)
    for words in ("mean wait, simulated", "p99 wait, simulated", "wait by wait", "served"):
        assert abs(row(rows, words).error) < 0.001
    assert all(row.ok for row in rows)


async def test_a_database_that_is_late_is_found() -> None:
    queue = Queue(Latency.parse("20ms"), 1)
    seen = await ran(queue, 1500)
    rows = queue_rows(queue, late(seen, 0.1 * queue.mean_wait), SEED)
    for words in ("mean wait, simulated", "wait by wait"):
        assert not row(rows, words).ok
    # What chance gives in so short a run is more: the long run's mean says less than the simulation.
    assert row(rows, "P-K").ok


async def test_lengths_of_another_seed_are_found() -> None:
    queue = Queue(Latency.parse(MARKOV), 5)
    rows = queue_rows(queue, await ran(queue, 1500), SEED + 1)
    assert not row(rows, "wait by wait").ok


async def test_counts_that_contradict_littles_law_are_found() -> None:
    queue = Queue(Latency.parse("20ms"), 1)
    seen = await ran(queue, 1500)
    more = msgspec.structs.replace(seen, timeline=[(at, flying, queued + 1) for at, flying, queued in seen.timeline])
    assert not row(queue_rows(queue, more, SEED), "inside").ok


def test_a_bursts_rows_are_medians_on_both_clocks() -> None:
    burst = Burst(1, Duration(0.1))
    ends = [0.1, 0.2, 0.3]
    trials = [
        burst_seen(Seen(loads=[("k", 5.0, 5.0 + end + by) for end in ends]), 4.99, [5.0 + end + by for end in ends])
        for by in (0.0, 0.001, 0.9)
    ]
    rows = burst_rows(burst, trials)
    assert [row.what for row in rows] == [
        f"3 at 1 × 100ms: {which}" for which in ("p50, database", "p50, callers", "p99, database", "p99, callers")
    ]
    assert [row.theory for row in rows] == pytest.approx([200, 200, 300, 300])
    assert [row.measured for row in rows] == pytest.approx([201, 211, 301, 311])
    assert [row.ok for row in rows] == [True, False, True, False]


def test_a_larger_burst_is_asked_less() -> None:
    assert [Burst(connections, Duration(0.1)).bound for connections in (1, 100, 2000)] == [0.03, 0.03, 0.10]
    assert np.isclose(Burst(2000, Duration(0.1)).requests, 6600)
