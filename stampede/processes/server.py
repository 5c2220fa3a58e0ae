"""A server that stampede starts: one process on a Unix socket, which dies with its owner."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from stampede.core.errors import EnvironmentFault
from stampede.processes.guarded import Guarded
from stampede.processes.lifeline import FREEZE, KILL, START, THAW

START_TIMEOUT_S = 20.0


class ServerProcess:
    """A server behind a lifeline, in a temporary folder (0700). Subclasses say what is started.

    `what` is its name for people, `remedy` what to do when it cannot be had, `fault` the error to raise then.
    """

    what: ClassVar[str]
    remedy: ClassVar[str] = "look into the system's log"
    fault: ClassVar[type[EnvironmentFault]]

    def __init__(self, folder: str, command: Callable[[Path], list[str]]) -> None:
        """Start what `command` says for the path of the socket. Raises `fault`."""
        self._guarded = Guarded(folder)
        self.path = self._guarded.folder / f"{folder}.sock"
        try:
            self._guarded.start(command(self.path))
        except OSError as error:
            self.stop()
            raise self.fault(f"cannot start {self.what}: {error.strerror}: {self.remedy}") from None

    async def ready(self) -> None:
        """Wait until it accepts connections. Raises `fault`."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not await _listens(self.path):
            if not self.alive or time.monotonic() > deadline:
                words = self._guarded.last_words() or "it does not answer"
                self.stop()
                raise self.fault(f"{self.what} did not start ({words}): {self.remedy}")
            await asyncio.sleep(0.005)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._guarded.alive

    async def crash(self) -> None:
        """Kill it: connections break, new ones are refused, and what it held in memory is lost. Raises `fault`."""
        await self._tell(KILL)

    async def start_again(self) -> None:
        """Start it after a crash, and wait until it accepts connections. Raises `fault`."""
        await self._tell(START)
        await self.ready()

    async def freeze(self) -> None:
        """Have it stand still, its connections open. Raises `fault`."""
        await self._tell(FREEZE)

    async def thaw(self) -> None:
        """Have it go on. Raises `fault`."""
        await self._tell(THAW)

    async def _tell(self, word: bytes) -> None:
        try:
            await asyncio.to_thread(self._guarded.tell, word)
        except OSError as error:
            raise self.fault(f"{self.what} is gone ({error}): {self.remedy}") from None

    def stop(self) -> None:
        """End the process and remove its folder; safe to call twice."""
        self._guarded.stop()


async def _listens(path: Path) -> bool:
    """Whether a server accepts connections there; the socket's file exists a moment earlier."""
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return False
    writer.close()
    return True
