"""What is said of a user's database: the figures are those of the server itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from stampede.engine.bench import Bench, Servers
from stampede.engine.execution import execute
from stampede.measure.trial import Trial
from stampede.origins.query import Query
from stampede.origins.sql import POOL
from stampede.protection.strategy import Strategy
from stampede.scenario import reading
from stampede.scenario.model import Client, FleetSetup, Scenario
from tests.conftest import POSTGRES_LOG

INSTANCES = 2
COUNTS = "create function counted() returns text language plpgsql as $$ begin raise log 'executed'; return ''; end $$"
COUNTED = "select counted(), pg_sleep(0.6)::text as slept"
"""Whatever ends it, PostgreSQL has counted it: its log takes nothing back, and may be written by what only reads."""

Fire = Callable[[str], tuple[Trial, int]]


async def do(url: str, sql: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(text(sql))
    await engine.dispose()


def counted(url: str) -> int:
    """How many times the server has begun to execute the query."""
    return (Path(url.partition("host=")[2]) / POSTGRES_LOG).read_text().count("LOG:  executed")


@pytest.fixture
def fire(postgres_url: str) -> Fire:
    """Executes `none` with 200 callers; gives the trial, and how many loads PostgreSQL itself counts in it."""

    def one(more: str) -> tuple[Trial, int]:
        toml = f"strategies = ['none']\nworkload.concurrency = 200\nfleet.instances = {INSTANCES}\n{more}"
        return asyncio.run(fired(reading.parse(toml, "own", "own.toml")))

    async def fired(scenario: Scenario) -> tuple[Trial, int]:
        await do(postgres_url, COUNTS)
        try:
            async with Bench.open(
                Servers(database=postgres_url, query=Query(COUNTED)), FleetSetup(INSTANCES)
            ) as bench:
                none = Strategy.parse("none")
                patient = msgspec.structs.replace(scenario, client=Client())
                await execute(bench, patient, none, 0, seed=1)  # opens the pools' connections, and keeps them
                before = counted(postgres_url)
                trial, _ = await execute(bench, scenario, none, 1, seed=1)
                return trial, counted(postgres_url) - before
        finally:
            await do(postgres_url, "drop function counted")

    return one


def test_loads_that_give_up_in_the_pools_queue_are_no_hits(fire: Fire) -> None:
    # Far from the ends of the loads, at 0.6 and 1.2 s: who gives up just as his query leaves may be counted or not.
    trial, executed = fire("client.timeout = '1s'")
    assert trial.timeouts > 0
    assert (trial.loads, trial.db_hits) == (200, executed)
    assert executed < 200
    assert any("never reached the database" in warning for warning in trial.warnings)


def test_the_queue_for_the_pools_connections_is_shown_apart(fire: Fire) -> None:
    trial, executed = fire("")
    assert (trial.loads, trial.db_hits, trial.ok) == (200, executed, 200)
    assert executed == 200
    assert trial.db_peak_in_flight == INSTANCES * POOL
    assert 200 - INSTANCES * POOL - 10 <= trial.db_peak_queued <= 200
    assert max(trial.db_timeline.queued) == trial.db_peak_queued
    assert trial.valid, trial.reasons
