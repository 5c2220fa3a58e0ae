"""Bursts at caches with and without protection, on threads and on event loops."""

from __future__ import annotations

import asyncio
import threading
import time
from functools import partial
from typing import Any

import pytest

from stampede.core.errors import UsageError
from stampede.testing import SmearedBurst
from stampede.testing.burst import Burst
from stampede.testing.bursts import Stampede
from stampede.testing.callers import Call

# A shared machine smears a burst now and then, and not by half of this.
SLOW = "500ms"
CALLERS = 10
pytestmark = pytest.mark.filterwarnings("ignore::stampede.testing.SmearedBurst")


class Naive:
    """Everybody who misses loads."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str, load: Any) -> Any:
        if key not in self.values:
            self.values[key] = load(key)
        return self.values[key]


class Locked(Naive):
    """One loads at a time, and the next finds the value."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()

    def get(self, key: str, load: Any) -> Any:
        with self.lock:
            return super().get(key, load)


class AsyncNaive(Naive):
    """The same stampede on an event loop."""

    async def get(self, key: str, load: Any) -> Any:
        if key not in self.values:
            self.values[key] = await load(key)
        return self.values[key]


class Promise:
    """Everybody waits for the first one's task."""

    def __init__(self) -> None:
        self.flights: dict[str, asyncio.Task[Any]] = {}

    async def get(self, key: str, load: Any) -> Any:
        if key not in self.flights:
            self.flights[key] = asyncio.ensure_future(load(key))
        return await asyncio.shield(self.flights[key])


@pytest.mark.parametrize("kind", [Naive, AsyncNaive])
def test_a_cache_without_protection_is_caught_with_every_load_counted(stampede: Stampede, kind: type) -> None:
    cache, database = kind(), stampede.loader(SLOW)
    burst = stampede.burst(lambda: cache.get("k", database), CALLERS)
    assert (burst.loads, burst.peak, burst.errors) == (CALLERS, CALLERS, 0)
    assert set(burst.answers) == {f"value {number + 1}" for number in range(CALLERS)}
    with pytest.raises(
        AssertionError, match=f"the cache stampedes: {CALLERS} callers .* {CALLERS} loads, 1 demanded"
    ):
        burst.check(loads=1)


@pytest.mark.parametrize("kind", [Locked, Promise])
def test_a_protected_cache_passes_and_everybody_gets_the_one_value(stampede: Stampede, kind: type) -> None:
    cache, database = kind(), stampede.loader(SLOW)
    burst = stampede.burst(lambda: cache.get("k", database), CALLERS)
    burst.check(loads=1, p99="5s", errors=0)
    assert (burst.peak, burst.answers) == (1, ["value 1"] * CALLERS)
    assert burst.p50_ms is not None
    assert burst.max_ms is not None
    assert 500 <= burst.p50_ms <= burst.max_ms


def test_an_async_function_by_name_runs_on_a_loop_too(stampede: Stampede) -> None:
    cache, database = Promise(), stampede.loader(SLOW)

    async def call() -> Any:
        return await cache.get("k", database.aload)

    stampede.burst(call, CALLERS).check()


def test_in_a_running_loop_aburst_shares_it_and_burst_says_so(stampede: Stampede) -> None:
    async def test() -> None:
        cache, database = Promise(), stampede.loader(SLOW)
        loop = asyncio.get_running_loop()

        async def call() -> Any:
            assert asyncio.get_running_loop() is loop
            return await cache.get("k", database)

        with pytest.raises(UsageError, match="aburst"):
            stampede.burst(call, CALLERS)
        (await stampede.aburst(call, CALLERS)).check()

    asyncio.run(test())


def test_an_error_of_the_loader_reaches_the_table_and_counts(stampede: Stampede) -> None:
    cache, database = Locked(), stampede.loader("20ms", error=ConnectionError("no database"))
    burst = stampede.burst(lambda: cache.get("k", database), 2)
    assert (burst.loads, burst.errors, burst.p99_ms) == (2, 2, None)
    with pytest.raises(AssertionError, match="2 of 2 callers got an error") as failure:
        burst.check(loads=2, p99="1s")
    assert "2 × ConnectionError: no database" in str(failure.value)
    assert "p99 is – ms, at most 1000.0 ms demanded" in str(failure.value)


def test_callers_that_hang_are_errors_and_do_not_hold_up_the_test(stampede: Stampede) -> None:
    stampede.loader()
    never = threading.Event()
    burst = stampede.burst(never.wait, 2, patience="50ms")
    assert (burst.errors, burst.error_messages) == (2, {"no answer": 2})
    never.set()

    async def hang() -> None:
        await asyncio.Event().wait()

    assert stampede.burst(hang, 2, patience="50ms").error_messages == {"no answer": 2}


def test_a_value_that_was_there_before_proves_nothing(stampede: Stampede) -> None:
    cache, database = Locked(), stampede.loader("20ms")
    cache.get("k", database)
    with pytest.raises(AssertionError, match="no load: the value was there before the burst"):
        stampede.burst(lambda: cache.get("k", database), 2).check()


def test_each_burst_counts_its_own_loads(stampede: Stampede) -> None:
    cache, database = Locked(), stampede.loader(SLOW, value=0)
    for key in ("a", "b"):
        stampede.burst(partial(cache.get, key, database), CALLERS).check(loads=1)
    assert database.loads == 2


def test_a_burst_needs_a_counted_loader_and_callers(stampede: Stampede) -> None:
    with pytest.raises(UsageError, match="nothing counts the loads"):
        stampede.burst(lambda: 1)
    stampede.loader()
    with pytest.raises(UsageError, match="a burst of 1 is none"):
        stampede.burst(lambda: 1, 1)
    with pytest.raises(UsageError, match="'50' is not a duration"):
        stampede.loader("50")


def calls(spread: float) -> list[Call]:
    """One load of 100 ms, and callers that came `spread` seconds apart."""
    return [Call(0.0, 0.1, "value 1"), Call(spread, 0.1, "value 1")]


def test_a_spread_above_half_the_latency_fails_whatever_the_figures() -> None:
    Burst(calls(0.05), loads=1, peak=1, latency=0.1).check(loads=1)
    with pytest.raises(AssertionError, match="INVALID: arrival spread 51 ms is above half"):
        Burst(calls(0.051), loads=1, peak=1, latency=0.1).check(loads=1)


def test_a_spread_above_a_tenth_of_the_latency_warns(stampede: Stampede) -> None:
    stampede.loader("1s")

    async def hold_up_the_others() -> None:
        time.sleep(0.03)  # noqa: ASYNC251 - the loop cannot start the next one meanwhile

    with pytest.warns(SmearedBurst, match="is above a tenth of the database latency: fewer callers"):
        burst = stampede.burst(hold_up_the_others, 5)
    assert burst.reasons == []


def test_percentiles_interpolate_as_those_of_a_run_do() -> None:
    burst = Burst([Call(0.0, (number + 1) / 1000) for number in range(100)], 1, 1, 0.1)
    assert (burst.p50_ms, burst.p99_ms, burst.max_ms) == pytest.approx((50.5, 99.01, 100))
    assert "~99.0" in burst.table()
    assert "~" not in Burst([Call(0.0, 0.1)] * 500, 1, 1, 0.1).table()


def test_none_is_a_value_too(stampede: Stampede) -> None:
    cache, database = Locked(), stampede.loader(SLOW, value=None)
    burst = stampede.burst(lambda: cache.get("k", database), CALLERS)
    burst.check(loads=1)
    assert burst.answers == [None] * CALLERS


def burst_of(loads: int, errors: int = 0) -> Burst:
    """Ten callers of whom so many got an error."""
    made = [Call(0.0, 0.1, error=OSError("no") if number < errors else None) for number in range(CALLERS)]
    return Burst(made, loads, 1, 0.1)


def test_at_most_so_many_loads_may_be_demanded() -> None:
    for loads in range(5):
        burst_of(loads).check(loads_at_most=4)
    with pytest.raises(
        AssertionError, match=r"the cache stampedes: .* caused 5 loads, at most 4 demanded"
    ) as failure:
        burst_of(5).check(loads_at_most=4)
    assert "loads                         5       ≤ 4" in str(failure.value)
    with pytest.raises(UsageError, match="demand one of them"):
        burst_of(1).check(loads=1, loads_at_most=4)


def test_errors_only_may_be_demanded_and_loads_only() -> None:
    burst_of(7).check(loads=None)
    with pytest.raises(AssertionError, match="3 of 10 callers got an error") as failure:
        burst_of(7, errors=3).check(loads=None, errors=2)
    assert "loads                         7\n" in str(failure.value)
    burst_of(7, errors=3).check(loads=7, errors=None)
    with pytest.raises(AssertionError, match="7 loads, 1 demanded"):
        burst_of(7).check()
