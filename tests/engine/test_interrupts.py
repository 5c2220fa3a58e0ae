"""An interrupt in the middle of tidying up."""

from __future__ import annotations

import asyncio

import pytest

from stampede.core.errors import KeysLeft
from stampede.engine.interrupts import to_its_end


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
