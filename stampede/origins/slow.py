"""The fake-slow database, seen from an instance and from the run that owns it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

from stampede.core.errors import DatabaseUnavailable, LoadError
from stampede.core.frames import Frames
from stampede.core.model import Loaded
from stampede.origins.batched import TickBatch
from stampede.origins.messages import (
    Asked,
    CancelAsked,
    ChangeAsked,
    LoadAsked,
    PulseAsked,
    Reply,
    ResetAsked,
    SeenAsked,
    WriteAsked,
    decode_replies,
    encode,
)
from stampede.origins.window import Seen

GONE = "the database is gone"


class SlowDatabaseClient:
    """An origin: one line to the database's process, on which all loads of this process travel."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._serial = 0
        self._cancels = False
        self._out: TickBatch[Asked] = TickBatch(lambda batch: frames.send(encode(batch)))
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, path: str) -> SlowDatabaseClient:
        """Connect to the database that listens at `path`. Raises DatabaseUnavailable."""
        try:
            return cls(Frames(*await asyncio.open_unix_connection(path)))
        except OSError as error:
            raise DatabaseUnavailable(f"cannot reach the fake-slow database: {error}") from None

    async def close(self) -> None:
        """Close the connection; loads under way raise LoadError."""
        self._reader.cancel()
        await asyncio.wait([self._reader])
        await self._frames.closed()

    def load(self, key: str) -> asyncio.Future[Loaded]:
        """One load. Raises LoadError. No coroutine: thousands may wait here at once."""
        loaded = self._ask(partial(LoadAsked, key=key))
        if self._cancels:
            loaded.add_done_callback(partial(self._give_up, self._serial))
        return loaded

    def begin(self, cancel: bool = False) -> None:
        """From now on tell the database of loads that are cancelled, or do not. It counts for all."""
        self._cancels = cancel

    async def reset(self, latency: str, connections: int, seed: int, missing: float = 0.0) -> None:
        """Begin a new count with this model. Raises LoadError."""
        asked = partial(ResetAsked, latency=latency, connections=connections, seed=seed, missing=missing)
        await self._ask(asked)

    async def change(self, latency: str, failing: bool) -> None:
        """Go on counting with another latency, or with errors. Raises LoadError."""
        await self._ask(partial(ChangeAsked, latency=latency, failing=failing))

    async def write(self, key: str) -> None:
        """Change the key's row at the origin. Raises LoadError."""
        await self._ask(partial(WriteAsked, key=key))

    async def seen(self) -> Seen:
        """The database's own counts since the reset. Raises LoadError."""
        seen: Seen = await self._ask(SeenAsked)
        return seen

    async def pulse(self) -> float:
        """A heartbeat: CPU seconds of the database since the reset. Raises LoadError."""
        seen: Seen = await self._ask(PulseAsked)
        return seen.cpu_s

    def _ask(self, message: Callable[[int], Asked]) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._reader.done():
            future.set_exception(LoadError(GONE))
            return future
        self._serial += 1
        self._calls[self._serial] = future
        self._out.add(message(self._serial))
        return future

    def _give_up(self, call: int, loaded: asyncio.Future[Any]) -> None:
        if loaded.cancelled() and self._calls.pop(call, None) is not None:  # else it was answered meanwhile
            self._out.add(CancelAsked(call))

    async def _read(self) -> None:
        try:
            with contextlib.suppress(ConnectionError):
                while True:
                    for reply in decode_replies(await self._frames.receive()):
                        self._answer(reply)
        finally:
            for future in self._calls.values():
                if not future.done():
                    future.set_exception(LoadError(GONE))
            self._calls.clear()

    def _answer(self, reply: Reply) -> None:
        future = self._calls.pop(reply.call, None)
        if future is None or future.done():  # its caller was cancelled
            return
        if reply.error is not None:
            future.set_exception(LoadError(reply.error))
        else:
            future.set_result(reply.seen or Loaded(reply.value, reply.version))
