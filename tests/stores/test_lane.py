"""A connection that all share: what it does when the server hangs, hangs up, or answers slowly."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator

import pytest
from redis import Redis
from redis.asyncio import Connection, ConnectionPool
from redis.exceptions import ConnectionError as ConnectionLost

from stampede.core.errors import StoreGone
from stampede.core.ports import unheeded
from stampede.processes.redis_server import EmbeddedRedis
from stampede.stores.redis.lane import GRACE_S, IN_A_ROW, Lane
from stampede.stores.redis.wire import connect

TIMEOUT_S = 0.4
PING = ("PING",)


@pytest.fixture
def own_server() -> Iterator[EmbeddedRedis]:
    """A server for this test alone."""
    server = EmbeddedRedis()
    asyncio.run(server.ready())
    yield server
    server.stop()


@pytest.fixture
def server_lane(own_server: EmbeddedRedis, runner: asyncio.Runner) -> Iterator[Lane]:
    """A lane to it."""
    lane = runner.run(_lane(own_server.url))
    yield lane
    runner.run(lane.close())


@pytest.fixture
def lane(redis_url: str, runner: asyncio.Runner) -> Iterator[Lane]:
    """A lane to a server of the whole run."""
    lane = runner.run(_lane(redis_url))
    yield lane
    runner.run(lane.close())


async def _lane(url: str) -> Lane:
    lane = Lane(connect(url, 1).connection_pool, TIMEOUT_S)
    assert await lane.ask(PING, unheeded) == b"PONG"
    return lane


def slow(seconds: float) -> tuple[str, ...]:
    """A command that is answered after so long."""
    return "BLPOP", "stampede:{lane}:nothing", str(seconds)


async def test_a_server_that_says_nothing_is_given_up_and_asked_again_when_it_goes_on(
    server_lane: Lane, own_server: EmbeddedRedis
) -> None:
    await own_server.freeze()
    begun = time.monotonic()
    waiting = await asyncio.gather(*(server_lane.ask(PING, unheeded) for _ in range(3)), return_exceptions=True)
    assert TIMEOUT_S <= time.monotonic() - begun < 2 * TIMEOUT_S + GRACE_S
    assert [str(each) for each in waiting] == [f"Redis: no answer within {TIMEOUT_S} s"] * 3
    assert {type(each) for each in waiting} == {StoreGone}
    await own_server.thaw()
    assert await server_lane.ask(PING, unheeded) == b"PONG"


async def test_replies_that_take_longer_altogether_than_one_may_are_no_silence(lane: Lane) -> None:
    begun = time.monotonic()
    assert await asyncio.gather(*(lane.ask(slow(TIMEOUT_S / 2), unheeded) for _ in range(5))) == [None] * 5
    assert time.monotonic() - begun > 2 * TIMEOUT_S


async def test_what_arrived_while_the_event_loop_was_busy_is_no_silence(lane: Lane) -> None:
    reply = lane.ask(PING, unheeded)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    time.sleep(2 * TIMEOUT_S)  # noqa: ASYNC251
    assert await reply == b"PONG"


async def test_an_idle_connection_is_never_given_up(lane: Lane) -> None:
    number = await lane.ask(("CLIENT", "ID"), unheeded)
    await asyncio.sleep(3 * TIMEOUT_S)
    assert await lane.ask(("CLIENT", "ID"), unheeded) == number


async def test_only_what_was_sent_is_lost_with_its_connection_and_is_not_sent_again(lane: Lane, raw: Redis) -> None:
    number = await lane.ask(("CLIENT", "ID"), unheeded)
    under_way = lane.ask(slow(10), unheeded)
    await asyncio.sleep(0.05)
    raw.client_kill_filter(_id=number)
    with pytest.raises(StoreGone):
        await under_way
    assert await lane.ask(PING, unheeded) == b"PONG"


async def test_a_server_that_is_not_there_is_told_to_all_who_ask_and_found_when_it_is_back(
    server_lane: Lane, own_server: EmbeddedRedis
) -> None:
    await own_server.crash()
    for _ in range(2):
        errors = await asyncio.gather(*(server_lane.ask(PING, unheeded) for _ in range(3)), return_exceptions=True)
        assert {type(error) for error in errors} == {StoreGone}
    await own_server.start_again()
    assert await server_lane.ask(PING, unheeded) == b"PONG"


async def test_a_server_that_takes_nothing_is_given_up_like_one_that_says_nothing(
    server_lane: Lane, own_server: EmbeddedRedis
) -> None:
    await own_server.freeze()
    more_than_sockets_hold = [("SET", f"k{n}", bytes(100_000)) for n in range(100)]
    async with asyncio.timeout(3 * TIMEOUT_S):
        replies = [server_lane.ask(command, unheeded) for command in more_than_sockets_hold]
        errors = await asyncio.gather(*replies, return_exceptions=True)
    assert {str(error) for error in errors} == {f"Redis: no answer within {TIMEOUT_S} s"}
    await own_server.thaw()
    assert await server_lane.ask(PING, unheeded) == b"PONG"


class Stubborn(Connection):
    """A connection that cannot be closed properly."""

    async def disconnect(self, *arguments: object, **named: object) -> None:
        raise RuntimeError("the handler is closed")


async def test_a_connection_that_cannot_be_closed_keeps_nobody_from_the_next_one(real_time: None) -> None:
    lane = Lane(ConnectionPool(connection_class=Stubborn, port=1), TIMEOUT_S)
    async with asyncio.timeout(5):
        for _ in range(2):
            with pytest.raises(StoreGone):
                await lane.ask(PING, unheeded)
        await lane.close()


@pytest.mark.parametrize("used", [True, False], ids=["used", "unused"])
async def test_who_asks_after_it_was_closed_is_told_so(redis_url: str, real_time: None, used: bool) -> None:
    lane = await _lane(redis_url) if used else Lane(connect(redis_url, 1).connection_pool, TIMEOUT_S)
    await lane.close()
    async with asyncio.timeout(5):
        with pytest.raises(StoreGone, match="closed"):
            await lane.ask(PING, unheeded)
    assert len(asyncio.all_tasks()) == 1


class Deaf(Connection):
    """A connection that swallows a cancellation while it connects."""

    fails = False

    async def connect(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        if self.fails:
            raise ConnectionLost("refused")


class DeafAndFailing(Deaf):
    """One that fails in its place, as `asyncio.wait_for` has it where both happen at once."""

    fails = True

    async def disconnect(self, *arguments: object, **named: object) -> None:
        pass


@pytest.mark.parametrize("kind", [Deaf, DeafAndFailing])
async def test_a_cancellation_that_was_swallowed_while_it_connected_ends_it_all_the_same(
    real_time: None, kind: type[Deaf]
) -> None:
    lane = Lane(ConnectionPool(connection_class=kind), TIMEOUT_S)
    reply = lane.ask(PING, unheeded)
    await asyncio.sleep(0.01)
    async with asyncio.timeout(5):
        await lane.close()
    with pytest.raises(StoreGone, match=r"closed|refused"):
        await reply


async def test_many_replies_leave_the_others_of_the_loop_their_turn(lane: Lane) -> None:
    replies = [lane.ask(PING, unheeded) for _ in range(10 * IN_A_ROW)]
    turns = 0
    while not replies[-1].done():
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 10
    assert {await reply for reply in replies} == {b"PONG"}


async def test_who_waits_for_a_reply_is_told_that_the_connection_was_closed(redis_url: str, real_time: None) -> None:
    lane = await _lane(redis_url)
    waiting = lane.ask(slow(10), unheeded)
    await asyncio.sleep(0.05)
    unsent = lane.ask(PING, unheeded)
    await lane.close()
    for reply in (waiting, unsent, lane.ask(PING, unheeded)):
        with pytest.raises(StoreGone, match="closed"):
            await reply
    assert len(asyncio.all_tasks()) == 1


def test_who_gives_back_what_it_holds_when_its_loop_ends_is_told_that_the_connection_has_ended(
    redis_url: str,
) -> None:
    """A load that is cancelled releases its guard; it waited for ever, and the process with it."""
    told: list[Exception] = []

    async def hold(lane: Lane) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            for _ in range(3):  # before the lane has ended, and after
                with contextlib.suppress(StoreGone):
                    await lane.ask(PING, unheeded)
                    continue
                told.append(StoreGone())

    async def work() -> None:
        lane = await _lane(redis_url)
        holders.extend(asyncio.ensure_future(hold(lane)) for _ in range(3))
        await asyncio.sleep(0)

    holders: list[asyncio.Task[None]] = []
    asyncio.run(work())
    assert len(told) == 9
