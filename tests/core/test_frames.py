"""Messages over a real socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from stampede.core.frames import Frames

LARGE = bytes(range(256)) * 100_000


@asynccontextmanager
async def line() -> AsyncIterator[tuple[Frames, Frames]]:
    """Both ends of one."""
    ends = [Frames(*await asyncio.open_connection(sock=each)) for each in socket.socketpair()]
    try:
        yield ends[0], ends[1]
    finally:
        for end in ends:
            await end.closed()


@pytest.mark.usefixtures("real_time")
async def test_messages_arrive_one_by_one_in_their_order_and_of_any_length() -> None:
    messages = [b"first", b"", LARGE, b"last"]
    async with line() as (one, other):
        for message in messages:
            one.send(message)
        assert [await other.receive() for _ in messages] == messages


@pytest.mark.usefixtures("real_time")
async def test_who_sends_more_than_the_other_end_takes_can_wait_for_it() -> None:
    async with line() as (one, other):
        one.send(LARGE)
        waiting = asyncio.ensure_future(one.sent())
        await asyncio.sleep(0.05)
        assert not waiting.done()
        assert await other.receive() == LARGE
        await waiting


@pytest.mark.usefixtures("real_time")
@pytest.mark.parametrize("begun", [b"", b"\0\0\0", (9).to_bytes(8, "big") + b"half"])
async def test_an_end_that_is_gone_is_told_also_in_the_middle_of_a_message(begun: bytes) -> None:
    ours, theirs = socket.socketpair()
    frames = Frames(*await asyncio.open_connection(sock=ours))
    theirs.send(begun)
    theirs.close()
    with pytest.raises(ConnectionError):
        await frames.receive()
    await frames.closed()


@pytest.mark.usefixtures("real_time")
async def test_what_is_sent_to_a_line_that_is_closed_is_lost() -> None:
    async with line() as (one, other):
        await one.closed()
        one.send(b"late")
        with pytest.raises(ConnectionError):
            await one.sent()
        with pytest.raises(ConnectionError):
            await other.receive()
