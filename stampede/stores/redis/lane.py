"""A connection that many callers share: what they ask leaves together, and the replies come back in its order."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple

from redis.asyncio import Connection, ConnectionPool
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as NoAnswer

from stampede.core.ports import Sent
from stampede.core.tasks import heed
from stampede.stores.redis.connections import IDLE_S, Command, store_error

IN_A_ROW = 500
"""Commands that are sent, or replies given out, before the others of the event loop have their turn."""

GRACE_S = 0.05
"""What has arrived while the event loop was busy is read within this time."""


class Asked(NamedTuple):
    """A command, who wants to know when it leaves, and who waits for its reply."""

    command: Command
    sent: Sent
    reply: asyncio.Future[Any]


class Lane:
    """One connection of the pool's kind, opened when it is needed, and again after it was lost.

    All that is asked in one tick of the event loop leaves in one piece. A server that is silent for `timeout` seconds
    although a reply is due is given up: only silence counts, so it does not matter how much is under way.
    """

    def __init__(self, pool: ConnectionPool, timeout: float) -> None:
        self._pool = pool
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._unsent: list[Asked] = []
        self._unanswered: deque[Asked] = deque()
        self._heard_at = 0.0
        self._was_idle = False
        self._alarm: asyncio.Future[None] | None = None
        self._work: asyncio.Task[None] | None = None
        self._closed = False

    def ask(self, command: Command, sent: Sent) -> asyncio.Future[Any]:
        """The reply to come; `sent` is called right before the command leaves.

        It raises StoreError, and redis-py's NoScriptError as it is.
        """
        reply = self._loop.create_future()
        self._unsent.append(Asked(command, sent, reply))
        if self._closed:
            self._tell_of_the_end()
        elif self._work is None:
            self._work = self._loop.create_task(self._again_and_again())
            self._work.add_done_callback(self._ended)
        else:
            self._wake()
        return reply

    async def close(self) -> None:
        """Close the connection. Who waits for a reply, or asks from now on, is told so."""
        self._closed = True
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait([self._work])

    def _ended(self, work: asyncio.Task[None]) -> None:
        """It was closed, or its event loop cancels everything; others may ask until they have ended, too."""
        self._closed = True
        self._tell_of_the_end()

    def _tell_of_the_end(self) -> None:
        asked, self._unanswered, self._unsent = [*self._unanswered, *self._unsent], deque(), []
        _tell(asked, ConnectionLost("the connection was closed"))

    def _wake(self) -> None:
        if self._alarm is not None and not self._alarm.done():
            self._alarm.set_result(None)

    async def _asleep(self) -> None:
        """Until there is something to send."""
        self._alarm = self._loop.create_future()
        await self._alarm
        self._alarm = None

    async def _again_and_again(self) -> None:
        while True:
            heed()  # a connection that fails may have kept a cancellation to itself, too
            while not self._unsent:
                await self._asleep()
            connection = None
            try:
                connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
                await connection.connect()
            except Exception as error:  # not only Redis's errors, see `store_error`
                asked, self._unsent = self._unsent, []
                _tell(asked, error)
            else:
                heed()
                await self._use(connection)
            finally:
                if connection is not None:
                    with contextlib.suppress(Exception):  # it is gone either way, and the next one is needed
                        await connection.disconnect(nowait=True)

    async def _use(self, connection: Connection) -> None:
        """Send and hear until the connection is lost."""
        connection.socket_timeout = None  # silence is watched for in one place, and not by a timer for each reply
        self._heard_at = self._loop.time()
        hearing = self._loop.create_task(self._hear(connection))
        sending = self._loop.create_task(self._send_what_is_asked(connection))
        watching = self._loop.create_task(self._end_if_silent(hearing))
        tasks = hearing, sending, watching
        writer = connection._writer
        try:
            # Neither waits for the other: a server that hangs does not take what is sent, either.
            await asyncio.wait([hearing, sending], return_when=asyncio.FIRST_COMPLETED)
            if hearing.cancelled():
                lost: Exception = NoAnswer(f"no answer within {self._timeout:g} s")
            else:
                lost = hearing.result() if hearing.done() else sending.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            if writer is not None:  # redis-py has closed it politely: what was not taken would wait to be
                writer.transport.abort()
        self._tell_or_ask_again(lost)

    async def _send_what_is_asked(self, connection: Connection) -> Exception:
        """Returns why no more can be sent."""
        try:
            while True:
                await (self._send(connection) if self._unsent else self._asleep())
        except Exception as error:
            return error

    async def _send(self, connection: Connection) -> None:
        asked, self._unsent = self._unsent[:IN_A_ROW], self._unsent[IN_A_ROW:]
        if not self._unanswered:
            now = self._loop.time()
            self._was_idle, self._heard_at = now - self._heard_at >= IDLE_S, now
        packed: list[bytes] = []
        for each in asked:
            if each.reply.done():  # nobody waits for it any more
                continue
            try:
                packed += connection.pack_command(*each.command)
            except Exception as error:  # a lone surrogate, an argument of another type: whatever the packer says
                _tell([each], error)
                continue
            each.sent()
            self._unanswered.append(each)
        if packed:
            await connection.send_packed_command(b"".join(packed), check_health=False)
        if self._unsent:
            await asyncio.sleep(0)

    async def _hear(self, connection: Connection) -> Exception:
        """Give the replies out; returns why there are no more."""
        try:
            for number in itertools.count(1):
                try:
                    reply = await connection.read_response()
                except ResponseError as error:
                    reply = error
                self._was_idle = False
                self._heard_at = self._loop.time()
                if not self._unanswered:
                    raise ConnectionLost("the server said what nobody had asked for")
                _give(self._unanswered.popleft(), reply)
                if number % IN_A_ROW == 0:
                    await asyncio.sleep(0)
        except Exception as error:
            return error
        raise AssertionError("there is no end to the replies")

    async def _end_if_silent(self, hearing: asyncio.Task[Exception]) -> None:
        while True:
            begun = self._heard_at if self._unanswered else self._loop.time()
            await asyncio.sleep(begun + self._timeout - self._loop.time())
            if self._unanswered and self._heard_at == begun:
                await asyncio.sleep(GRACE_S)
                if self._heard_at == begun:
                    self._was_idle = False
                    hearing.cancel()
                    return

    def _tell_or_ask_again(self, lost: Exception) -> None:
        """Of what was sent over a connection that the server had closed as idle it has executed nothing."""
        asked, self._unanswered = self._unanswered, deque()
        # The subclasses are answers ("loading", say).
        if self._was_idle and type(lost) is ConnectionLost:
            self._unsent[:0] = asked
        else:
            _tell(asked, lost)


def _give(asked: Asked, reply: Any) -> None:
    if asked.reply.done():  # its caller was cancelled meanwhile
        return
    if isinstance(reply, Exception):
        asked.reply.set_exception(store_error(reply))
    else:
        asked.reply.set_result(reply)


def _tell(waiting: Iterable[Asked], error: Exception) -> None:
    for asked in waiting:
        _give(asked, error)
