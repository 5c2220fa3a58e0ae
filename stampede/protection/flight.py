"""One flight per key inside a process, over whatever the flight does."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from stampede.core.model import Answer, Entry, Role
from stampede.core.tasks import Flights, Tasks

Fly = Callable[[str], Coroutine[Any, Any, Answer]]
Renew = Callable[[str, Entry], Coroutine[Any, Any, Answer | None]]
Serve = Callable[[str, Entry], Coroutine[Any, Any, Answer | None]]


class SharedFlight:
    """The first caller's flight reads, and loads if need be (`fly`); the others wait. Reloads (`renew`) likewise.

    What a flight only read is answered as freshness wants it (`serve`).
    """

    def __init__(self, tasks: Tasks, fly: Fly, renew: Renew, serve: Serve) -> None:
        self._fly = fly
        self._renew = renew
        self._serve = serve
        self._flights: Flights[Answer] = Flights(tasks)
        self._reloads: Flights[Answer | None] = Flights(tasks)

    async def get(self, key: str) -> Answer:
        """The flight's answer. Only its first caller has what was read judged; the others are served it."""
        flight = self._flights.current(key)
        if flight is not None:
            answer = await flight.join()
            return Answer(answer.entry, Role.WAITER) if answer.role is Role.LEADER else answer
        answer = await self._flights.start(key, self._fly(key)).join()
        if answer.role is not Role.HIT:
            return answer
        return await self._serve(key, answer.entry) or answer

    async def reload(self, key: str, old: Entry) -> Answer | None:
        """The process's one reload; None if one is under way."""
        if self._reloads.current(key) is not None:
            return None
        return await self._reloads.start(key, self._renew(key, old)).join()

    def forget(self, key: str) -> None:
        """Have the next caller start a new flight."""
        self._flights.forget(key)
