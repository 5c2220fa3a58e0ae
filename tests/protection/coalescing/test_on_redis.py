"""The core of the contract over real servers, on the real clock: several instances, each with its own connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from stampede.core.errors import LoadError
from stampede.core.model import Answer, Role

CALLERS = 40
INSTANCES = 4
AT_MOST_S = 1.0

LoadsAllowed = Callable[[int], int]


async def test_a_cold_burst_gives_every_caller_the_value_for_as_many_loads_as_promised(
    redis_fleet: Any, loads_allowed: LoadsAllowed
) -> None:
    redis_fleet.restart()
    answers = await redis_fleet.answers(CALLERS)
    assert {answer.entry.value for answer in answers} == {b'"value"'}
    assert 1 <= redis_fleet.origin.loads["k"] <= loads_allowed(CALLERS)
    assert [answer.role for answer in answers].count(Role.LEADER) == redis_fleet.origin.loads["k"]
    assert redis_fleet.elapsed() < AT_MOST_S
    await redis_fleet.settle()
    assert {answer.role for answer in await redis_fleet.answers(CALLERS)} == {Role.HIT}


async def test_a_loaders_error_reaches_every_caller_and_the_next_request_succeeds(
    redis_fleet: Any, loads_allowed: LoadsAllowed
) -> None:
    redis_fleet.origin.error = "the database is on fire"
    redis_fleet.restart()
    errors = await asyncio.gather(*redis_fleet.burst(CALLERS), return_exceptions=True)
    assert {(type(error), str(error)) for error in errors} == {(LoadError, "the database is on fire")}
    assert redis_fleet.origin.loads["k"] <= loads_allowed(CALLERS)
    assert redis_fleet.elapsed() < AT_MOST_S
    redis_fleet.restart()
    redis_fleet.origin.error = None
    assert [answer.entry.value for answer in await redis_fleet.answers(1)] == [b'"value"']
    assert redis_fleet.origin.loads["k"] == 1
    assert redis_fleet.elapsed() < AT_MOST_S
    await redis_fleet.settle()


async def test_callers_that_are_cancelled_harm_nobody_else_and_start_no_second_load(
    redis_fleet: Any, loads_allowed: LoadsAllowed
) -> None:
    redis_fleet.restart()
    callers = redis_fleet.burst(CALLERS)
    while not redis_fleet.origin.in_flight:
        await asyncio.sleep(0.001)
    for caller in callers[:INSTANCES]:  # every instance's first, so the leader is one of them
        caller.cancel()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results[:INSTANCES])
    answers = [result for result in results[INSTANCES:] if isinstance(result, Answer)]
    assert len(answers) == CALLERS - INSTANCES
    assert {answer.entry.value for answer in answers} == {b'"value"'}
    assert redis_fleet.origin.loads["k"] <= loads_allowed(CALLERS)
    assert redis_fleet.elapsed() < AT_MOST_S
    await redis_fleet.settle()
