"""Callers that wait at a barrier: threads for a function, tasks for a coroutine function."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stampede.engine.barrier import Barrier

LEAD_S = 0.01
LEAD_PER_CALLER_S = 0.0001


@dataclass(slots=True)
class Call:
    """What one caller did and felt; times are seconds after the release, None where it never came to that."""

    started: float | None = None
    ended: float | None = None
    answer: Any = None
    error: BaseException | None = None


def is_async(function: Callable[[], object]) -> bool:
    """Whether calling it gives a coroutine, as far as can be told without calling it."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def on_threads(function: Callable[[], object], callers: int, patience: float) -> list[Call]:
    """Call the function on as many threads at one instant, and wait `patience` seconds for the answers.

    The threads are daemons, so that one that hangs does not keep the process from ending.
    """
    calls = [Call() for _ in range(callers)]
    ready, opened = threading.Barrier(callers + 1), threading.Event()
    released = 0.0

    def caller(call: Call) -> None:
        __tracebackhide__ = True
        ready.wait()
        opened.wait()
        # Everybody sleeps until one instant: whoever wakes from a shared event wakes one after the other.
        time.sleep(max(0.0, released - time.monotonic()))
        call.started = time.monotonic() - released
        try:
            call.answer = function()
        except BaseException as error:  # pytest's own failures are no Exceptions
            call.error = error
        call.ended = time.monotonic() - released

    threads = [threading.Thread(target=caller, args=[call], daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    ready.wait()
    released = time.monotonic() + LEAD_S + LEAD_PER_CALLER_S * callers
    opened.set()
    for thread in threads:
        thread.join(max(0.0, released + patience - time.monotonic()))
    return [Call(call.started, call.ended, call.answer, call.error) for call in calls]


async def on_tasks(function: Callable[[], Any], callers: int, patience: float) -> list[Call]:
    """Await the function in as many tasks at one instant, and wait `patience` seconds for the answers."""
    calls = [Call() for _ in range(callers)]
    barrier = Barrier(time.monotonic)
    released = time.monotonic() + LEAD_S + LEAD_PER_CALLER_S * callers

    async def caller(call: Call) -> None:
        __tracebackhide__ = True
        await barrier.opened
        call.started = time.monotonic() - released
        try:
            call.answer = await function()
        except BaseException as error:  # a cancelled leader may cancel its followers
            call.error = error
        call.ended = time.monotonic() - released

    tasks = [asyncio.create_task(caller(call)) for call in calls]
    await barrier.open_at(released)
    _, late = await asyncio.wait(tasks, timeout=patience)
    seen = [Call(call.started, call.ended, call.answer, call.error) for call in calls]
    for task in late:
        task.cancel()
    await asyncio.gather(*late)
    return seen
