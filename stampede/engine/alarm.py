"""Waking at an instant: never before it, and hardly after it."""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
import sys
import time
from types import TracebackType

from stampede.core.ports import Clock

_CLOCK_MONOTONIC = 1
_FLAGS = os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)
_TIMER_ABSTIME = 1


class Alarm:
    """Event loops have timers of a millisecond, which come as much too early. Linux has exact ones as files.

    Elsewhere, and on virtual time, it sleeps and looks again until the instant has come. Use it as a context manager.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._file = _timer_file() if clock is time.monotonic else None
        self._rings: asyncio.Future[None] | None = None

    def __enter__(self) -> Alarm:
        if self._file is not None:
            asyncio.get_running_loop().add_reader(self._file, self._ring)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            asyncio.get_running_loop().remove_reader(self._file)
            os.close(self._file)

    async def until(self, instant: float) -> None:
        """Sleep until the clock has reached the instant; not at all if it has."""
        while (wait := instant - self._clock()) > 0:
            if self._file is None:
                await asyncio.sleep(wait)
            else:
                self._rings = asyncio.get_running_loop().create_future()
                _set(self._file, instant)
                await self._rings

    def _ring(self) -> None:
        assert self._file is not None
        os.read(self._file, 8)
        if self._rings is not None and not self._rings.done():
            self._rings.set_result(None)


def _timer_file() -> int | None:
    if sys.platform != "linux":
        return None
    file: int = ctypes.CDLL(None).timerfd_create(_CLOCK_MONOTONIC, _FLAGS)
    return file if file >= 0 else None


def _set(file: int, instant: float) -> None:
    """Have the file become readable at an instant of the monotonic clock, rounded up to a nanosecond."""
    seconds, rest = divmod(instant, 1.0)
    setting = struct.pack("qqqq", 0, 0, int(seconds), min(999_999_999, int(rest * 1e9) + 1))
    ctypes.CDLL(None).timerfd_settime(file, _TIMER_ABSTIME, setting, None)
