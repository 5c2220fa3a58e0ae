"""What single choices promise about waiting and about the commands that they send."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

CALLERS = 40
INSTANCES = 4
LOAD_S = 1.0

MakeFleet = Callable[..., Any]


async def test_a_promise_lock_reads_once_for_every_caller_and_once_for_every_flight(fleet: MakeFleet) -> None:
    it = fleet("promise-lock")
    it.origin.seconds = 0.1  # shorter than a renewal
    await it.answers(CALLERS)
    assert it.store.commands == CALLERS + INSTANCES + INSTANCES  # reads, reads again, writes


async def test_a_single_flight_reads_leaves_its_token_and_writes_once_for_every_instance(fleet: MakeFleet) -> None:
    it = fleet("single-flight")
    it.origin.seconds = 0.1  # shorter than a renewal
    await it.answers(CALLERS)
    assert it.store.commands == 3 * INSTANCES


async def test_a_warm_burst_costs_a_single_flight_one_read_for_every_instance(fleet: MakeFleet) -> None:
    it = fleet("single-flight")
    await it.answers(1)
    before = it.store.commands
    await it.answers(CALLERS)
    assert it.store.commands - before == INSTANCES


@pytest.mark.parametrize("callers", [INSTANCES, 10 * INSTANCES, 100 * INSTANCES])
async def test_two_levels_send_as_many_commands_as_there_are_instances_and_not_callers(
    fleet: MakeFleet, callers: int
) -> None:
    it = fleet("two-level(lease=30s)")
    await it.answers(callers)
    assert it.store.commands == 2 * INSTANCES + 1  # a read and a step each, and one fill: the value is pushed


@pytest.mark.parametrize("name", ["two-level", "redis-lock-notify", "single-flight", "promise-lock"])
async def test_waiters_that_are_woken_wait_for_the_load_and_no_longer(fleet: MakeFleet, name: str) -> None:
    it = fleet(name)
    await it.answers(CALLERS)
    assert it.elapsed() == pytest.approx(LOAD_S)


async def test_a_lock_that_notifies_costs_every_waiter_a_read_a_try_and_two_more_reads(fleet: MakeFleet) -> None:
    it = fleet("redis-lock-notify(lease=30s)")
    await it.answers(CALLERS)
    assert it.store.commands == 3 * CALLERS + (CALLERS - 1) + 1  # the leader reads, tries, reads again and fills


async def test_a_polling_waiter_waits_for_the_load_and_at_most_one_poll(fleet: MakeFleet) -> None:
    it = fleet("redis-lock(poll=10ms,poll-max=80ms)")
    await it.answers(CALLERS)
    assert LOAD_S <= it.elapsed() <= LOAD_S + 0.08 + 1e-6


async def test_the_polls_of_a_long_load_are_bounded_by_the_back_off(fleet: MakeFleet) -> None:
    """Promise 29."""
    it = fleet("redis-lock(lease=30s,poll=20ms,poll-max=100ms)")
    it.origin.seconds = 10.0
    await it.answers(2)
    polls = it.store.commands - 2 * 2 - 2  # reads and tries; the leader's second read and its fill
    assert 100 <= polls <= 200 + 5  # a poll every 50 to 100 ms


async def test_polling_waiters_do_not_poll_in_step(fleet: MakeFleet) -> None:
    it = fleet("redis-lock(poll=100ms,poll-max=100ms)")
    ended: list[float] = []
    callers = it.burst(CALLERS)
    for caller in callers:
        caller.add_done_callback(lambda _: ended.append(it.elapsed()))
    await asyncio.gather(*callers)
    assert len({round(moment, 4) for moment in ended}) > CALLERS / 2


@pytest.mark.parametrize("name", ["lease", "two-level", "redis-lock-notify", "placeholder"])
async def test_all_that_a_process_holds_is_renewed_in_one_step(fleet: MakeFleet, name: str) -> None:
    """Else the renewals of thousands of keys would wait for each other until leases are lost."""
    keys = 200
    it = fleet(name, instances=1)
    it.origin.seconds = 10.0
    waiting = [caller for number in range(keys) for caller in it.burst(1, f"k{number}")]
    await asyncio.sleep(1.0)  # all of them are loading
    before = it.store.commands
    await asyncio.sleep(8.0)
    assert it.store.commands - before <= 8.0 * 3  # one every third of a lease, or of a marker's life
    await asyncio.gather(*waiting)
    assert sum(it.origin.loads.values()) == keys
