"""A run's stay on a Redis of the user's own: a guest's house, where nothing is left behind."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType

from stampede.core.errors import EnvironmentFault, KeysLeft, RedisUnavailable, StoreError, UsageError
from stampede.core.ports import StoreServer
from stampede.core.urls import without_password
from stampede.engine.interrupts import to_its_end

BEAT_S = 5.0
ALIVE_S = 20.0
"""A run that has not been heard of for so long is taken for dead by `stampede clean`."""
PATIENCE_S = 60.0
SWEEPS = 5
BETWEEN_SWEEPS_S = 0.1


class Visit:
    """From `begin` on it is shown that the run lives; at the `end` everything of it is removed.

    End it when no instance lives any more: what one writes while it is cleaned would stay.
    """

    def __init__(self, store: StoreServer) -> None:
        self._store = store
        self._over = asyncio.Event()
        self._beating: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Say that we are there, and go on saying so. Raises RedisUnavailable."""
        try:
            await self._store.announce(ALIVE_S)
        except StoreError as error:
            raise RedisUnavailable(f"{without_password(self._store.url)} lets nothing be written: {error}") from None
        self._beating = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), BEAT_S)
                return
            with contextlib.suppress(StoreError):  # callers notice, and tell
                await self._store.announce(ALIVE_S)

    async def end(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing. Raises KeysLeft, unless what went wrong before says enough."""
        if self._beating is None and isinstance(error, (RedisUnavailable, UsageError)):
            return  # we never got in
        try:
            await to_its_end(self._leave())
        except KeysLeft:
            if not isinstance(error, EnvironmentFault):
                raise

    async def _leave(self) -> None:
        self._over.set()
        if self._beating is not None:
            await asyncio.wait([self._beating])
        try:
            async with asyncio.timeout(PATIENCE_S):
                for _ in range(SWEEPS):
                    if not await self._store.sweep():
                        return
                    # A server may still read what an instance had sent when it ended.
                    await asyncio.sleep(BETWEEN_SWEEPS_S)
            problem = "new ones kept coming"
        except StoreError as error:
            problem = str(error)
        except TimeoutError:
            problem = f"looking for them took more than {PATIENCE_S:.0f} s"
        raise KeysLeft(
            f"keys under {self._store.prefix} may be left on {without_password(self._store.url)} ({problem}): they "
            "end by themselves, or remove them with 'stampede clean --redis URL'"
        )
