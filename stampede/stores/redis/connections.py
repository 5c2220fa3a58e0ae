"""Commands and replies over the connections of a pool, each command failing by itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from redis.asyncio import Connection, Redis
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import DataError, NoScriptError, ResponseError

from stampede.core.errors import StoreError, StoreGone
from stampede.core.ports import Sent, unheeded

Argument = str | bytes | int
Command = tuple[Argument, ...]

IDLE_S = 0.5
"""A connection that was not used for so long may have been closed by the server, and the news be on its way."""

REFUSALS = (ResponseError, DataError, ValueError, TypeError)


def store_error(error: BaseException) -> Exception:
    """The error for one caller: StoreError where the server, or the client, refuses; else StoreGone.

    There are not only Redis's errors: over a connection that closes at the wrong moment the client raises
    RuntimeError or AttributeError, and whoever waits for a reply must hear of that, too. A missing script stays what
    it is: there is a remedy.
    """
    if isinstance(error, NoScriptError):
        return NoScriptError(*error.args)
    kind = StoreError if isinstance(error, REFUSALS) else StoreGone
    return kind(f"Redis: {str(error) or type(error).__name__}")


class Connections:
    """What a client's pool is used for: batches of commands, each over one connection."""

    def __init__(self, client: Redis) -> None:
        self._pool = client.connection_pool
        self._used: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()

    async def ask(self, commands: Sequence[Command], sent: Sent = unheeded) -> list[Any]:
        """Send all at once; the reply to each, or the error that is in its place. `sent` is called as they leave.

        Raises redis-py's errors and OSError: there is no connection, or it was lost.
        """
        connection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
        try:
            replies = await self._ask(connection, commands, sent)
            if any(map(_hangs_up, replies)):
                await connection.disconnect()
            return replies
        finally:
            self._used[connection] = time.monotonic()
            await self._pool.release(connection)

    async def _ask(self, connection: Connection, commands: Sequence[Command], sent: Sent) -> list[Any]:
        """Ask again over a new connection if the server had closed an idle one: then it has executed nothing."""
        idle_s = time.monotonic() - self._used.get(connection, time.monotonic())
        replies: list[Any] = []
        try:
            await _exchange(connection, commands, sent, replies)
        except ConnectionLost as error:
            # Its subclasses are answers ("loading", say), and after a reply more may have been executed.
            if type(error) is not ConnectionLost or replies or idle_s < IDLE_S:
                raise
            await connection.connect()  # type: ignore[no-untyped-call]
            await _exchange(connection, commands, sent, replies)
        return replies


def _hangs_up(reply: Any) -> bool:
    """Whether the server closes the connection with this answer: a command was too large for it, say."""
    return isinstance(reply, ResponseError) and str(reply).startswith("Protocol error")


async def _exchange(connection: Connection, commands: Sequence[Command], sent: Sent, replies: list[Any]) -> None:
    """Send and read, adding to `replies` one after another."""
    packed: list[bytes] = []
    refused: dict[int, Exception] = {}
    for number, command in enumerate(commands):
        try:
            packed += connection.pack_command(*command)
        except Exception as error:  # a lone surrogate, an argument of another type: whatever the packer says
            refused[number] = error
    if packed:
        sent()
        await connection.send_packed_command(b"".join(packed))
    for number in range(len(commands)):
        if number in refused:
            continue
        try:
            replies.append(await connection.read_response())
        except ResponseError as error:
            replies.append(error)
    for number, refusal in refused.items():
        replies.insert(number, refusal)
