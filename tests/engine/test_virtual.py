"""Virtual time: the clock jumps, and a standstill is an error instead of a hang."""

from __future__ import annotations

import asyncio
import time

import pytest

from stampede.engine import virtual


def test_an_hour_takes_no_time_and_timers_keep_their_order() -> None:
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        woken.append((name, asyncio.get_running_loop().time()))

    async def work() -> float:
        await asyncio.gather(sleeper("hour", 3600), sleeper("minute", 60), sleeper("second", 1))
        return asyncio.get_running_loop().time()

    began = time.monotonic()
    assert virtual.run(work()) == pytest.approx(3600)
    assert time.monotonic() - began < 5
    assert [name for name, _ in woken] == ["second", "minute", "hour"]
    assert [at for _, at in woken] == pytest.approx([1, 60, 3600])


def test_the_clock_stands_still_while_somebody_works() -> None:
    async def work() -> list[float]:
        loop = asyncio.get_running_loop()
        times = [loop.time()]
        for _ in range(100):
            await asyncio.sleep(0)
            times.append(loop.time())
        return times

    assert set(virtual.run(work())) == {0.0}


def test_timeouts_work_on_virtual_time() -> None:
    async def work() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10):
                await asyncio.sleep(1000)
        return asyncio.get_running_loop().time()

    assert virtual.run(work()) == pytest.approx(10)


def test_a_deadlock_is_reported() -> None:
    async def work() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="deadlock: everybody waits and no timer is set"):
        virtual.run(work())


def test_a_deadlock_of_two_is_reported_too() -> None:
    async def work() -> None:
        first, second = asyncio.Lock(), asyncio.Lock()

        async def lock(one: asyncio.Lock, other: asyncio.Lock) -> None:
            async with one:
                await asyncio.sleep(1)
                async with other:
                    pass

        await asyncio.gather(lock(first, second), lock(second, first))

    with pytest.raises(RuntimeError, match="deadlock"):
        virtual.run(work())


def test_an_error_comes_out_as_it_is() -> None:
    async def work() -> None:
        await asyncio.sleep(5)
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        virtual.run(work())


def test_two_runs_with_the_same_work_take_the_same_course() -> None:
    async def work() -> list[float]:
        loop, seen = asyncio.get_running_loop(), []
        for number in range(20):
            await asyncio.sleep(0.1 * number)
            seen.append(loop.time())
        return seen

    assert virtual.run(work()) == virtual.run(work())
