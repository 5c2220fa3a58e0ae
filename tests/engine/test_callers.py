"""The callers of one instance."""

from __future__ import annotations

import asyncio
import itertools
from random import Random

import pytest

from stampede.core.errors import LoadError, StoreError
from stampede.core.model import Answer, Entry, Outcome, Role
from stampede.engine import virtual
from stampede.engine.callers import Callers
from stampede.scenario import reading
from stampede.workload.laws import Share

STEADY = "workload = { arrivals = 'constant(rate=100,duration=1s)', keys = 'single' }"


@pytest.mark.parametrize("steps", range(4))
def test_a_restart_at_any_moment_leaves_no_request_without_an_end(steps: int) -> None:
    """Also for a request whose task was made, but has not taken its first step."""

    async def work() -> list[int]:
        loop = asyncio.get_running_loop()

        async def get(key: str) -> Answer:
            await asyncio.sleep(0.05)
            return Answer(Entry(b"1", 1, 0.0, 9.0, 9.0, 0.1), Role.LEADER)

        scenario = reading.parse(STEADY, "mine", "mine.toml")
        callers = Callers(get, ["k"], scenario, Share(0, 1), Random(1), loop.time)
        await callers.assemble()

        async def restart() -> None:
            await asyncio.sleep(0.5)  # the instant of a request
            for _ in range(steps):
                await asyncio.sleep(0)
            await callers.interrupt(get)

        await asyncio.gather(callers.run(loop.time(), 5.0), restart())
        assert loop.time() < 3, "nobody was waited for in vain"
        return list(callers.records.outcome)

    outcomes = virtual.run(work())
    assert len(outcomes) == 100
    assert set(outcomes) == {Outcome.OK, Outcome.ERROR}


@pytest.mark.parametrize(("retries", "failures"), [(0, 1), (2, 3)])
def test_every_try_that_a_failing_store_ended_is_counted(retries: int, failures: int) -> None:
    tries = itertools.count()

    async def work() -> tuple[int, int]:
        loop = asyncio.get_running_loop()

        async def get(key: str) -> Answer:
            raise StoreError("Redis: gone") if next(tries) <= retries else LoadError("not the store's")

        client = f"client = {{ timeout = '1s', retries = {retries} }}\n" if retries else ""
        workload = "workload = { arrivals = 'constant(rate=1,duration=2s)', keys = 'single' }"
        scenario = reading.parse(client + workload, "mine", "mine.toml")
        callers = Callers(get, ["k"], scenario, Share(0, 1), Random(1), loop.time)
        await callers.assemble()
        await callers.run(loop.time(), 5.0)
        return callers.records.store_failures, len(callers.records)

    assert virtual.run(work()) == (failures, 2)
