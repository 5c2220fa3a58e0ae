"""A worker's place: its process, and the next one when that has died."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable
from contextlib import suppress

import msgspec

from stampede.core.build import own_build
from stampede.core.errors import USAGE, EnvironmentFault, StampedeError, UsageError
from stampede.core.frames import Frames
from stampede.processes.children import environment
from stampede.service.setup import Said, Told
from stampede.service.tally import Row

LONG_LIFE_S = 10.0
"""Who lived so long does not keep dying."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 10.0

Say = Callable[[str], None]
"""Tells whoever looks after the service: a line."""


def pause_s(deaths: int) -> float:
    """How long to wait after so many short lives in a row: nothing after the first, then twice as long each time."""
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(deaths - 2, 10)) if deaths > 1 else 0.0


class Place:
    """Where one worker runs after another. What they count, and how many do run, is in the tally."""

    def __init__(self, told: Told, supervisors: Row, say: Say) -> None:
        self._told = told
        self._tally = supervisors
        self._say = say
        self._process: Process | None = None
        self._line: Frames | None = None
        self._leave = asyncio.Event()

    async def start(self, insist: bool) -> None:
        """Start a process, and wait until it serves. Raises StampedeError, also if it ends before."""
        told = msgspec.structs.replace(self._told, insist=insist)
        ours, theirs = socket.socketpair()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "stampede.service.worker", own_build()),
                stdin=theirs.fileno(),
                stdout=DEVNULL,
                env=environment(),
                pass_fds=(told.listening, told.tally),
                start_new_session=True,  # Ctrl-C in the terminal is for us to handle
            )
        except OSError as error:
            ours.close()
            raise EnvironmentFault(f"cannot start a worker ({error.strerror}): lower --workers") from None
        finally:
            theirs.close()
        if self._leave.is_set():  # it was to leave before it was there
            self._signal(signal.SIGKILL)
        if self._line is not None:
            self._line.close()
        self._line = Frames(*await asyncio.open_connection(sock=ours))
        self._line.send(msgspec.json.encode(told))
        await self._hear(self._line, self._process)

    async def _hear(self, line: Frames, process: Process) -> None:
        try:
            said = msgspec.json.decode(await line.receive(), type=Said)
        except ConnectionError:
            raise EnvironmentFault(f"a worker {_ended(await process.wait())} before it served") from None
        if said.error is not None:
            await process.wait()
            raise (UsageError if said.code == USAGE else EnvironmentFault)(said.error)

    async def keep(self) -> None:
        """Have the one that serves followed by another whenever it dies, until it is to leave."""
        loop, deaths = asyncio.get_running_loop(), 0
        begun, how = loop.time(), await self._life()
        while not self._leave.is_set():
            deaths = 1 if loop.time() - begun >= LONG_LIFE_S else deaths + 1
            pause = pause_s(deaths)
            self._say(f"{how}: another one starts {f'in {pause:g} s' if pause else 'at once'}")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leave.wait(), pause)
                return
            self._tally.add("supervisor", "restarts")
            begun = loop.time()
            try:
                await self.start(insist=False)
                how = await self._life()
            except StampedeError as error:
                how = str(error)

    async def _life(self) -> str:
        """Until its process ends; returns how that was."""
        assert self._process is not None
        self._tally.add("supervisor", "workers")
        try:
            return f"worker {self._told.row} {_ended(await self._process.wait())}"
        finally:
            self._tally.add("supervisor", "workers", amount=-1)

    def leave(self) -> None:
        """Have it leave when its requests are done."""
        self._leave.set()
        self._signal(signal.SIGTERM)

    async def end(self) -> None:
        """Have it end now, if it still runs."""
        self._leave.set()
        self._signal(signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()
        if self._line is not None:
            await self._line.closed()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was ended by {signal.Signals(-code).name}"
