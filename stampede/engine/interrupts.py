"""The first signal ends the work and lets it clean up."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from stampede.core import interrupted


async def until_interrupted(work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
    """Do the work; on the first signal cancel it and let it clean up. Returns whether that happened."""
    if interrupted.seen():
        return True
    task = asyncio.create_task(work())
    with _signals(task.cancel):
        try:
            await task
        except asyncio.CancelledError:
            return True
    return task.cancelling() > 0


async def to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Do the work to its end, also if an interrupt cancels meanwhile whoever waits for it. Raises what it raises."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


@contextmanager
def _signals(first: Callable[[], object]) -> Iterator[None]:
    """Call `first` on the first signal that interrupts; further ones are ignored: cleaning up is bounded."""
    loop = asyncio.get_running_loop()
    pending, numbers = [first], interrupted.heard()
    usual = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        loop.add_signal_handler(number, lambda: pending.pop()() if pending else None)
    try:
        yield
    finally:
        # Held back, because between our handler and the next one Python's own would interrupt what follows.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
        for number in numbers:
            loop.remove_signal_handler(number)
            # What was measured is still to be reported, and that is not to be interrupted again.
            signal.signal(number, usual[number] if pending else signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
