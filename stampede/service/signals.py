"""What the user's signals mean to a service: the first has it leave gently, a second at once."""

from __future__ import annotations

import asyncio
import signal
import time
from types import TracebackType
from typing import Self

from stampede.core import interrupted
from stampede.core.errors import INTERRUPTED, OK


class Signals:
    """Hears them, from `with` on, for the task that was current then; once heard, they are ignored afterwards.

    `leave` is set by the first one. If nobody is `served` yet, and by the second one, the task is cancelled.
    """

    def __init__(self) -> None:
        self.leave = asyncio.Event()
        self.served = False
        self._first: signal.Signals | None = None
        self._at = 0.0
        self._forced = False

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        self._usual = {number: signal.getsignal(number) for number in interrupted.heard()}
        for number in self._usual:
            asyncio.get_running_loop().add_signal_handler(number, self._hear, number)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Held back, because between our handler and the next one the system's own would end us.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, self._usual)
        for number, usual in self._usual.items():
            asyncio.get_running_loop().remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN if self._first else usual)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    @property
    def exit_code(self) -> int:
        """What to exit with: SIGTERM is the usual end of a service, unless it was cut short."""
        return OK if self._first is signal.SIGTERM and not self._forced else INTERRUPTED

    def _hear(self, number: signal.Signals) -> None:
        now = time.monotonic()
        if self._forced or (self._first and now - self._at < interrupted.AT_ONCE_S):
            return
        self._forced = self._first is not None
        self._first = self._first or number
        self._at = now
        self.leave.set()
        if self._task is not None and (self._forced or not self.served):
            self._task.cancel()
