"""An interrupt in the middle of tidying up."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

import pytest

from stampede.core.errors import KeysLeft
from stampede.core.tasks import heed
from stampede.engine.interrupts import to_its_end, until_interrupted


async def test_what_has_begun_is_done_to_its_end_before_the_interrupt_goes_on() -> None:
    done: list[str] = []

    async def tidy_up() -> None:
        await asyncio.sleep(1)
        done.append("tidy")

    waiting = asyncio.create_task(to_its_end(tidy_up()))
    await asyncio.sleep(0.5)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert done == ["tidy"]


async def test_what_it_has_to_say_is_not_lost_to_the_interrupt() -> None:
    async def tidy_up() -> None:
        await asyncio.sleep(1)
        raise KeysLeft("some are left")

    waiting = asyncio.create_task(to_its_end(tidy_up()))
    await asyncio.sleep(0.5)
    waiting.cancel()
    with pytest.raises(KeysLeft):
        await waiting


async def test_an_interrupt_that_a_library_kept_to_itself_is_heeded_before_the_next_step() -> None:
    begun: list[str] = []

    async def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(10)
        begun.append("what the library does")
        heed()
        begun.append("the next step")

    usual = signal.getsignal(signal.SIGINT)
    try:
        assert await until_interrupted(work)
    finally:
        signal.signal(signal.SIGINT, usual)  # it is ignored from then on
    assert begun == ["what the library does"]


async def test_work_that_ends_in_spite_of_an_interrupt_was_interrupted() -> None:
    async def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(10)

    usual = signal.getsignal(signal.SIGINT)
    try:
        assert await until_interrupted(work)
    finally:
        signal.signal(signal.SIGINT, usual)


async def test_after_the_work_a_signal_means_what_it_meant_before() -> None:
    async def work() -> None:
        pass

    def handler(*_: object) -> None:
        pass

    usual = signal.signal(signal.SIGTERM, handler)
    try:
        assert not await until_interrupted(work)
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, usual)
