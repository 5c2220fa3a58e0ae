"""An interrupt that cannot be lost: raised at once, and remembered.

Python discards a KeyboardInterrupt that arrives in a `__del__`, or in a weak reference's callback, of which every
import has one.
"""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

AT_ONCE_S = 1.0
"""Signals that follow another so soon are the same wish to end, and do not interrupt what it has begun."""

_seen: list[float] = []


def seen() -> bool:
    """Whether this process has been interrupted since `listen`."""
    return bool(_seen)


def heard() -> list[signal.Signals]:
    """The signals that interrupt: to lose the terminal (SIGHUP) is to be interrupted, too, unless under nohup."""
    return [each for each in NUMBERS if each != signal.SIGHUP or signal.getsignal(each) is not signal.SIG_IGN]


def listen() -> None:
    """Have them raise KeyboardInterrupt."""
    for number in heard():
        signal.signal(number, _interrupt)
    sys.unraisablehook = _say_unless_interrupted


def ignore() -> None:
    """Tidying up takes no time, and is not to be interrupted."""
    for number in NUMBERS:
        signal.signal(number, signal.SIG_IGN)


def _say_unless_interrupted(lost: sys.UnraisableHookArgs) -> None:
    if not isinstance(lost.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(lost)


def _interrupt(number: int, frame: FrameType | None) -> None:
    now = time.monotonic()
    if _seen and now - _seen[-1] < AT_ONCE_S:
        return
    _seen.append(now)
    raise KeyboardInterrupt
