"""A proxy that holds back what it passes on: `python -m stampede.processes.relay SOCKET SERVER CONTROL BUILD`.

On the socket CONTROL it hears, a line each, "SEED LATENCY" (hold back by draws from it), "0" (no longer) or "cpu",
and answers each with the CPU seconds that it has used.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections import deque
from collections.abc import Callable
from functools import partial
from random import Random
from typing import cast

import uvloop

from stampede.core.build import require_same_build
from stampede.core.cpu import cpu_s
from stampede.core.errors import StampedeError
from stampede.origins.latency import Latency

Draw = Callable[[], float]
"""The round trip that is added, in seconds."""


def _nothing() -> float:
    return 0.0


class Delay:
    """How far everything is held back now."""

    def __init__(self) -> None:
        self.draw: Draw = _nothing

    def obey(self, words: str) -> None:
        """Do what a line on the control socket says."""
        if words == "0":
            self.draw = _nothing
        elif words != "cpu":
            seed, latency = words.split(" ", 1)
            self.draw = partial(Latency.parse(latency).draw, Random(seed))


class End(asyncio.Protocol):
    """One end of a relayed connection: what it hears the other end says, in the same order, half a draw later."""

    def __init__(self, delay: Delay, other: End | None = None) -> None:
        self._delay = delay
        self._loop = asyncio.get_running_loop()
        self._held: deque[Callable[[], None]] = deque()
        self._last = 0.0
        self.other = other
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._later(partial(self._pass_on, data))

    def connection_lost(self, error: Exception | None) -> None:
        self._later(self._hang_up)

    def pause_writing(self) -> None:
        if self.other and self.other.transport:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other and self.other.transport:
            self.other.transport.resume_reading()

    def _later(self, step: Callable[[], None]) -> None:
        now = self._loop.time()
        self._last = max(self._last, now + self._delay.draw() / 2)
        if self._last <= now and not self._held:
            step()
            return
        # Each timer does what is due next, whatever it was set for: so nothing overtakes.
        self._held.append(step)
        self._loop.call_at(self._last, lambda: self._held.popleft()())

    def _pass_on(self, data: bytes) -> None:
        if self.other and self.other.transport and not self.other.transport.is_closing():
            self.other.transport.write(data)

    def _hang_up(self) -> None:
        if self.other and self.other.transport:
            self.other.transport.close()


class Client(End):
    """A client's end: what it says before the server is reached is kept until then."""

    def __init__(self, delay: Delay, server: str) -> None:
        super().__init__(delay)
        self._server = server
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._reaching = self._loop.create_task(self._reach())

    async def _reach(self) -> None:
        assert self.transport is not None
        try:
            _, self.other = await self._loop.create_unix_connection(lambda: End(self._delay, self), self._server)
        except OSError:
            self.transport.close()
            return
        for data in self._early:
            self._pass_on(data)
        if self.transport.is_closing():
            self._hang_up()

    def _pass_on(self, data: bytes) -> None:
        if self.other is None:
            self._early.append(data)
        else:
            super()._pass_on(data)


async def _serve(path: str, server: str, control: str) -> None:
    delay, loop = Delay(), asyncio.get_running_loop()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            delay.obey(line.decode().strip())
            writer.write(f"{cpu_s()}\n".encode())
        writer.close()

    heard = await asyncio.start_unix_server(hear, control)  # held: uvloop closes a server that nobody holds
    relay = await loop.create_unix_server(lambda: Client(delay, server), path, backlog=1024)
    async with heard, relay:
        await relay.serve_forever()


if __name__ == "__main__":
    try:
        require_same_build(sys.argv[4])
    except StampedeError as error:
        sys.exit(str(error))
    gc.freeze()
    uvloop.run(_serve(*sys.argv[1:4]))
