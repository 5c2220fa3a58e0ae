"""Flights and background tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from stampede.core.errors import LoadError
from stampede.core.tasks import Boarding, Flights, Landed, Tasks

Load = Callable[[str, Boarding], Coroutine[Any, Any, str]]


def slowly(value: str, seconds: float = 1.0) -> Load:
    """A load whose value is confirmed at its end."""

    async def load(key: str, boarding: Boarding) -> str:
        boarding.loading()
        await asyncio.sleep(seconds)
        boarding.asking()
        boarding.confirmed()
        return value

    return load


def failing(error: Exception, seconds: float = 1.0) -> Load:
    async def load(key: str, boarding: Boarding) -> str:
        await asyncio.sleep(seconds)
        raise error

    return load


async def joined(flights: Flights[str], key: str) -> str | None:
    """Join the key's flight, or start it."""
    flight = flights.current(key) or flights.start(key, slowly(key))
    return (await flight.join()).result


async def test_all_who_join_a_flight_get_its_result() -> None:
    flights: Flights[str] = Flights(Tasks())
    flight = flights.start("k", slowly("value"))
    assert flights.current("k") is flight
    assert await asyncio.gather(*(flight.join() for _ in range(10))) == [("value", True)] * 10
    assert asyncio.get_running_loop().time() == pytest.approx(1.0)


async def test_every_waiter_raises_its_own_copy_of_the_error() -> None:
    flights: Flights[str] = Flights(Tasks())
    flight = flights.start("k", failing(LoadError("the database is on fire")))
    errors = await asyncio.gather(*(flight.join() for _ in range(5)), return_exceptions=True)
    assert [(type(error), str(error)) for error in errors] == [(LoadError, "the database is on fire")] * 5
    assert len({id(error) for error in errors}) == 5


async def test_an_error_that_is_not_ours_reaches_every_waiter_too() -> None:
    flights: Flights[str] = Flights(Tasks())
    flight = flights.start("k", failing(KeyError("theirs")))
    errors = await asyncio.gather(*(flight.join() for _ in range(3)), return_exceptions=True)
    assert [repr(error) for error in errors] == ["KeyError('theirs')"] * 3


async def test_a_flight_leaves_the_map_before_its_waiters_wake() -> None:
    flights: Flights[str] = Flights(Tasks())
    for load in (slowly("value"), failing(LoadError("no"))):
        flight = flights.start("k", load)
        await asyncio.wait([flight.join()])
        assert flights.current("k") is None


async def test_flights_of_different_keys_do_not_wait_for_each_other() -> None:
    flights: Flights[str] = Flights(Tasks())
    slow = asyncio.ensure_future(flights.start("slow", slowly("slow", 60)).join())
    assert await joined(flights, "quick") == "quick"
    assert asyncio.get_running_loop().time() == pytest.approx(1.0)
    assert (await slow).result == "slow"


@pytest.mark.parametrize("cancelled", [0, 1], ids=["the first caller", "a later caller"])
async def test_cancelling_a_caller_harms_no_other_and_starts_nothing_anew(cancelled: int) -> None:
    flights: Flights[str] = Flights(Tasks())
    callers = [asyncio.ensure_future(joined(flights, "k")) for _ in range(4)]
    await asyncio.sleep(0.5)
    callers[cancelled].cancel()
    late = asyncio.ensure_future(joined(flights, "k"))
    results = await asyncio.gather(*callers, late, return_exceptions=True)
    assert isinstance(results.pop(cancelled), asyncio.CancelledError)
    assert results == ["k"] * 4
    assert asyncio.get_running_loop().time() == pytest.approx(1.0)


async def test_a_flight_goes_on_although_all_its_callers_were_cancelled() -> None:
    flights: Flights[str] = Flights(Tasks())
    callers = [asyncio.ensure_future(joined(flights, "k")) for _ in range(3)]
    await asyncio.sleep(0.5)
    for caller in callers:
        caller.cancel()
    await asyncio.sleep(0.4)
    flight = flights.current("k")
    assert flight is not None
    assert (await flight.join()).result == "k"


class Steps:
    """A load in which a test says when a question leaves and when its answer comes."""

    def __init__(self) -> None:
        self.boarding = Boarding()
        self._end: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def load(self, key: str, boarding: Boarding) -> str:
        self.boarding = boarding
        return await self._end

    def end(self) -> None:
        self._end.set_result("value")


async def test_who_joins_when_the_last_question_has_left_is_told_to_ask_again() -> None:
    flights: Flights[str] = Flights(Tasks())
    steps = Steps()
    flight = flights.start("k", steps.load)
    in_time = [flight.join(), flight.join()]
    await asyncio.sleep(0)
    steps.boarding.asking()
    late = [flight.join()]
    steps.boarding.confirmed()
    steps.end()
    assert await asyncio.gather(*in_time) == [Landed("value", True)] * 2
    assert await asyncio.gather(*late) == [Landed("value", False)]


async def test_a_question_that_is_answered_with_no_confirms_nothing() -> None:
    flights: Flights[str] = Flights(Tasks())
    steps = Steps()
    first = flights.start("k", steps.load).join()
    await asyncio.sleep(0)
    steps.boarding.loading()
    flight = flights.current("k")
    assert flight is not None
    second = flight.join()
    steps.boarding.asking()
    steps.end()
    assert (await first, await second) == (Landed("value", True), Landed("value", False))


async def test_who_asked_after_the_last_question_need_not_wait_when_the_key_is_invalidated() -> None:
    flights: Flights[str] = Flights(Tasks())
    steps = Steps()
    flight = flights.start("k", steps.load)
    first = flight.join()
    await asyncio.sleep(0)
    steps.boarding.loading()
    second = flight.join()
    flights.forget("k")
    assert await second == Landed(None, False)
    assert flights.current("k") is None
    steps.end()
    assert await first == Landed("value", True)


@pytest.mark.parametrize("key", ["k", None])
async def test_a_flight_that_has_not_departed_has_missed_no_invalidation(key: str | None) -> None:
    flights: Flights[str] = Flights(Tasks())
    steps = Steps()
    flight = flights.start("k", steps.load)
    flights.forget(key)
    assert flights.current("k") is flight
    first = flight.join()
    await asyncio.sleep(0)
    steps.boarding.loading()
    flights.forget(key)
    assert flights.current("k") is None
    steps.end()
    assert await first == Landed("value", True)


async def test_settle_waits_for_what_runs() -> None:
    tasks, done = Tasks(), []

    async def work() -> None:
        await asyncio.sleep(2)
        done.append("work")

    tasks.spawn(work())
    assert await tasks.settle(5) == 0
    assert done == ["work"]


async def test_settle_waits_for_what_is_begun_at_the_end_of_something_else() -> None:
    tasks, done = Tasks(), []

    async def undo() -> None:
        await asyncio.sleep(1)
        done.append("undone")

    async def work() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            tasks.spawn(undo())

    tasks.keep(work())
    await asyncio.sleep(0)
    assert await tasks.settle(5) == 0
    assert done == ["undone"]


async def test_settle_cancels_what_is_late_lets_it_clean_up_and_counts_it() -> None:
    tasks, cleaned = Tasks(), []

    async def work(seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        finally:
            cleaned.append(seconds)

    for seconds in (1, 100, 200):
        tasks.spawn(work(seconds))
    assert await tasks.settle(5) == 2
    assert sorted(cleaned) == [1, 100, 200]
    assert asyncio.get_running_loop().time() == pytest.approx(5.0)
    assert await tasks.settle(5) == 0


async def test_waiters_of_a_flight_that_is_ended_from_outside_do_not_hang() -> None:
    tasks = Tasks()
    flights: Flights[str] = Flights(tasks)
    waiting = asyncio.ensure_future(joined(flights, "k"))
    await asyncio.sleep(0)
    await tasks.settle(0)
    with pytest.raises(asyncio.CancelledError):
        await waiting
