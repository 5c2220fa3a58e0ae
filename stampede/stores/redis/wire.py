"""How commands travel to Redis: together over one connection, or each over a pooled one.

The shared one is the default because the harness's own queueing must not be mistaken for the strategy's cost.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable
from typing import Any, Protocol

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from stampede.core.errors import UsageError
from stampede.core.ports import Sent, unheeded
from stampede.core.tasks import Tasks
from stampede.core.urls import without_password
from stampede.stores.redis.connections import Argument, Command, Connections, store_error
from stampede.stores.redis.lane import Lane

SOCKET_TIMEOUT_S = 2.0
ALONE = 2
"""Connections for huge commands."""
LARGE = 1 << 20
"""Bytes of an argument: `proto-max-bulk-len` cannot be set lower, so no server refuses less for its size."""


class Wire(Protocol):
    """Something that sends commands, and counts them. Raises StoreError, and redis-py's NoScriptError as it is."""

    commands: int
    client: Redis

    def send(self, *command: Argument, sent: Sent = unheeded, first: bool = False) -> Awaitable[Any]:
        """Send one command; await the result for its reply. `sent` is called right before it leaves.

        `first`: beside all that waits to be sent.
        """
        ...

    async def close(self) -> None:
        """Close every connection. Who waits for a reply is told so."""
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


class Lanes:
    """All commands of one event-loop tick travel together, over one connection that all share.

    Beside it there is one for what is sent at once, and some for huge commands, each of which travels alone: a server
    that refuses one hangs up.
    """

    def __init__(self, client: Redis) -> None:
        pool = client.connection_pool
        self.client = client
        self.commands = 0
        self._lane = Lane(pool, SOCKET_TIMEOUT_S)
        self._express = Lane(pool, SOCKET_TIMEOUT_S)
        self._alone = Connections(client)
        self._tasks = Tasks()

    def send(self, *command: Argument, sent: Sent = unheeded, first: bool = False) -> Awaitable[Any]:
        self.commands += 1
        if _is_large(command):
            return self._tasks.spawn(_ask(self._alone, command, sent))
        return (self._express if first else self._lane).ask(command, sent)

    async def close(self) -> None:
        await self._lane.close()
        await self._express.close()
        await disconnect(self.client)


class PooledConnections:
    """One connection per command, from a blocking pool."""

    def __init__(self, client: Redis) -> None:
        self.client = client
        self.commands = 0
        self._connections = Connections(client)

    def send(self, *command: Argument, sent: Sent = unheeded, first: bool = False) -> Awaitable[Any]:
        self.commands += 1
        return _ask(self._connections, command, sent)

    async def close(self) -> None:
        await disconnect(self.client)


async def _ask(connections: Connections, command: Command, sent: Sent) -> Any:
    """One command over a connection of its own. Raises as `Wire.send` does."""
    try:
        [reply] = await connections.ask([command], sent)
    except Exception as error:
        raise store_error(error) from error
    if isinstance(reply, BaseException):
        raise store_error(reply)
    return reply


def _is_large(words: Command) -> bool:
    for word in words:  # noqa: SIM110 (of every command: a generator would take twice as long)
        if not isinstance(word, int) and len(word) >= LARGE:
            return True
    return False
