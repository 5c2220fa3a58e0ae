"""A timer that is due at an absolute moment, finer than the millisecond to which event loops round."""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
import time
from collections.abc import Callable
from typing import Protocol

ABSOLUTE = 1  # TFD_TIMER_ABSTIME


class Alarm(Protocol):
    """Rings once, at or after the moment that was set last."""

    def set(self, when: float) -> None:
        """Ring at `when` (seconds of the database's clock) instead of whatever was set before."""
        ...

    def clear(self) -> None:
        """Do not ring."""
        ...


MakeAlarm = Callable[[Callable[[], None], Callable[[], float]], Alarm]


class LoopAlarm:
    """The event loop's own timer: on any clock, and precise to a millisecond."""

    def __init__(self, ring: Callable[[], None], clock: Callable[[], float]) -> None:
        self._ring = ring
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None

    def set(self, when: float) -> None:
        """See Alarm."""
        self.clear()
        self._timer = asyncio.get_running_loop().call_later(max(0.0, when - self._clock()), self._ring)

    def clear(self) -> None:
        """See Alarm."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class KernelAlarm:
    """Linux's timerfd on the monotonic clock: precise to some 50 microseconds. Open only while it is set."""

    def __init__(self, ring: Callable[[], None], clock: Callable[[], float]) -> None:
        self._ring = ring
        self._timer: int | None = None

    def set(self, when: float) -> None:
        """See Alarm."""
        if self._timer is None:
            self._timer = _libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
            if self._timer < 0:
                raise OSError(ctypes.get_errno(), "the kernel gives no timer: raise the limit of open files")
            asyncio.get_running_loop().add_reader(self._timer, self._rings)
        nanoseconds = max(1, int(when * 1e9))
        moment = (ctypes.c_long * 4)(0, 0, nanoseconds // 10**9, nanoseconds % 10**9)
        _libc.timerfd_settime(self._timer, ABSOLUTE, moment, None)

    def clear(self) -> None:
        """See Alarm."""
        if self._timer is not None:
            asyncio.get_running_loop().remove_reader(self._timer)
            os.close(self._timer)
            self._timer = None

    def _rings(self) -> None:
        assert self._timer is not None
        try:
            os.read(self._timer, 8)
        except BlockingIOError:  # it was set anew meanwhile
            return
        self._ring()


def monotonic_alarm(ring: Callable[[], None], clock: Callable[[], float]) -> Alarm:
    """The finest alarm that this system has for `time.monotonic`."""
    return KernelAlarm(ring, clock) if sys.platform == "linux" else LoopAlarm(ring, clock)


if sys.platform == "linux":
    _libc = ctypes.CDLL(None, use_errno=True)
