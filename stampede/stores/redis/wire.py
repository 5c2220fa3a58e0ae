"""How commands travel to Redis: in one pipeline per event-loop tick, or each over a pooled connection.

The pipeline is the default because the harness's own queueing must not be mistaken for the strategy's cost.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any, NamedTuple, Protocol

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from stampede.core.errors import StoreError, UsageError
from stampede.core.ports import Sent, unheeded
from stampede.core.urls import without_password
from stampede.stores.redis.connections import Argument, Command, Connections

SOCKET_TIMEOUT_S = 2.0
LANES = 4
EXPRESS = 1
"""Connections beside the lanes, for what is sent at once."""
AT_ONCE = 500
LARGE = 1 << 20
"""Bytes of an argument: `proto-max-bulk-len` cannot be set lower, so no server refuses less for its size."""


class Wire(Protocol):
    """Something that sends commands, and counts them. Raises StoreError, and redis-py's NoScriptError as it is."""

    commands: int
    client: Redis

    def send(self, *command: Argument, sent: Sent = unheeded, first: bool = False) -> Awaitable[Any]:
        """Send one command; await the result for its reply. `sent` is called right before it leaves.

        `first`: at once, beside all that waits to be sent.
        """
        ...


def connect(url: str, connections: int, timeout: float | None = SOCKET_TIMEOUT_S, **more: Any) -> Redis:
    """A client that never repeats a command by itself, with at most `connections` connections; `more` is redis-py's.

    Raises:
        UsageError: the URL is no Redis URL.
    """
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=connections,
            timeout=None,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=timeout,
            socket_connect_timeout=5.0,
            # Of the newer protocol redis-py expects announcements at any time, and takes a closed connection for one.
            **{"protocol": 2} | more,
        )
    except ValueError:
        raise UsageError(
            f"not a Redis URL: {without_password(url)}: write redis://HOST:PORT/DB or unix:///PATH"
        ) from None
    pool.connection_kwargs["decode_responses"] = False  # a URL's option, which would make text of our values
    return Redis(connection_pool=pool)


async def disconnect(client: Redis) -> None:
    """Close the client and its connections, quietly: the server may be gone."""
    with contextlib.suppress(RedisError, OSError):
        await client.aclose()
        await client.connection_pool.disconnect()


class _Asked(NamedTuple):
    command: Command
    sent: Sent
    reply: asyncio.Future[Any]


class TickPipeline:
    """All commands issued in one event-loop tick travel in one non-transactional pipeline.

    A few pipelines may be under way at once; when all are, the next commands gather into a larger one. None is so
    long that it would reach the timeout. A huge command travels alone: a server that refuses one hangs up.
    """

    def __init__(self, client: Redis) -> None:
        self.client = client
        self.commands = 0
        self._connections = Connections(client)
        self._waiting: list[_Asked] = []
        self._free_lanes = LANES
        self._scheduled = False
        self._loop = asyncio.get_running_loop()
        self._running: set[asyncio.Task[None]] = set()

    def send(self, *command: Argument, sent: Sent = unheeded, first: bool = False) -> Awaitable[Any]:
        future = self._loop.create_future()
        self.commands += 1
        asked = _Asked(command, sent, future)
        if first:  # a tick can take a second where thousands of callers begin or end in it
            self._depart([asked])
            return future
        self._waiting.append(asked)
        if not self._scheduled and self._free_lanes:
            self._scheduled = True
            self._loop.call_soon(self._flush)
        return future

    def _flush(self) -> None:
        self._scheduled = False
        while self._waiting and self._free_lanes:
            self._free_lanes -= 1
            self._depart(self._next_batch()).add_done_callback(self._landed)

    def _depart(self, batch: list[_Asked]) -> asyncio.Task[None]:
        task = self._loop.create_task(self._travel(batch))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def _next_batch(self) -> list[_Asked]:
        """From the front of what waits."""
        large = (place for place, asked in enumerate(self._waiting[:AT_ONCE]) if _is_large(asked.command))
        end = next(large, AT_ONCE) or 1
        batch, self._waiting = self._waiting[:end], self._waiting[end:]
        return batch

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._free_lanes += 1
        if not self._scheduled:
            self._flush()

    async def _travel(self, batch: list[_Asked]) -> None:
        def sent() -> None:
            for asked in batch:
                asked.sent()

        try:
            replies = await self._connections.ask([asked.command for asked in batch], sent)
        except (Exception, asyncio.CancelledError) as error:
            # Not only Redis's errors: over a connection that closes at the wrong moment the client raises
            # RuntimeError or AttributeError, and whoever waits for a reply must hear of that, too.
            replies = [error] * len(batch)
        for (_, _, future), reply in zip(batch, replies, strict=True):
            if future.done():  # its caller was cancelled meanwhile
                continue
            if isinstance(reply, BaseException):
                future.set_exception(_store_error(reply))
            else:
                future.set_result(reply)


class PooledConnections:
    """One connection per command, from a blocking pool."""

    def __init__(self, client: Redis) -> None:
        self.client = client
        self.commands = 0
        self._connections = Connections(client)

    async def send(self, *command: Argument, sent: Sent = unheeded, first: bool = False) -> Any:
        self.commands += 1
        try:
            [reply] = await self._connections.ask([command], sent)
        except Exception as error:  # whatever it is, as above
            raise _store_error(error) from error
        if isinstance(reply, BaseException):
            raise _store_error(reply)
        return reply


def _is_large(words: Command) -> bool:
    for word in words:  # noqa: SIM110 (of every command: a generator would take twice as long)
        if not isinstance(word, int) and len(word) >= LARGE:
            return True
    return False


def _store_error(error: BaseException) -> Exception:
    """One error for one caller. A missing script stays what it is: the store has a remedy."""
    if isinstance(error, NoScriptError):
        return NoScriptError(*error.args)
    return StoreError(f"Redis: {str(error) or type(error).__name__}")
