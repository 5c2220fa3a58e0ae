"""One flight per key inside a process, over whatever the flight does."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from stampede.core.model import Answer, Entry, Role
from stampede.core.tasks import Boarding, Flights, Tasks

Fly = Callable[[str, Boarding], Coroutine[Any, Any, Answer]]
Renew = Callable[[str, Entry, Boarding], Coroutine[Any, Any, Answer | None]]
Serve = Callable[[str, Entry], Coroutine[Any, Any, Answer | None]]


class SharedFlight:
    """The first caller's flight reads, and loads if need be (`fly`); the others wait. Reloads (`renew`) likewise.

    Who comes when the flight's question to the store has left may be newer than the answer, by an invalidation. It
    waits for the end all the same: often the answer has been confirmed by then (a fill that the guard let pass has
    seen no invalidation). If not, all who came too late share the next flight, so that a key has at most one read
    under way. What a flight only read is answered as freshness wants it (`serve`).
    """

    def __init__(self, tasks: Tasks, fly: Fly, renew: Renew, serve: Serve) -> None:
        self._fly = fly
        self._renew = renew
        self._serve = serve
        self._flights: Flights[Answer] = Flights(tasks)
        self._reloads: Flights[Answer | None] = Flights(tasks)

    async def get(self, key: str) -> Answer:
        """The flight's answer. Only its first caller has what was read judged; the others are served it."""
        waited = False
        while True:
            flight = self._flights.current(key)
            first = flight is None
            answer, timely = await (flight or self._flights.start(key, self._fly)).join()
            if timely and answer is not None:
                break
            waited = waited or answer is None or answer.role is not Role.HIT
        if waited or (answer.role is Role.LEADER and not first):
            return Answer(answer.entry, Role.WAITER)
        if not first or answer.role is not Role.HIT:
            return answer
        return await self._serve(key, answer.entry) or answer

    async def reload(self, key: str, old: Entry) -> Answer | None:
        """The process's one reload; None if one is under way."""
        if self._reloads.current(key) is not None:
            return None
        reload = self._reloads.start(key, lambda key, boarding: self._renew(key, old, boarding))
        return (await reload.join()).result

    async def reloaded(self, key: str, boarding: Boarding) -> Entry | None:
        """For a flight that found nothing: what a reload that is under way brings, if it is in time."""
        reload = self._reloads.current(key)
        if reload is None:
            return None
        boarding.asking()
        answer, timely = await reload.join()
        if not timely or answer is None:
            return None
        boarding.confirmed()
        return answer.entry

    def forget(self, key: str | None) -> None:
        """The key was invalidated, or with None any may have been: have the next caller start a new flight."""
        self._flights.forget(key)
        self._reloads.forget(key)
