"""What those do who waited for a load whose value nobody could be given."""

from __future__ import annotations

import asyncio

from stampede.core.errors import RequestError
from stampede.core.model import Answer, Entry, Role
from stampede.core.tasks import Boarding
from stampede.protection.cache import Cache


class Unshared:
    """All at once, not one after another: one load per process for all who waited for the same holder.

    Whoever waited for a holder had asked before the holder's load was over, so a load that begins after that is as
    good for each of them as one of its own.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._loads: dict[tuple[str, str], asyncio.Task[Entry]] = {}

    async def load(self, key: str, holder: str, boarding: Boarding) -> Answer:
        """The value, from a load that no guard protects and that writes nothing. Raises LoadError."""
        role, task = Role.WAITER, self._loads.get((key, holder))
        if task is None:
            boarding.loading()
            role, task = Role.LEADER, self._cache.tasks.spawn(self._cache.load(key))
            self._loads[key, holder] = task
            task.add_done_callback(lambda _: self._loads.pop((key, holder)))
        try:
            return Answer(await asyncio.shield(task), role)
        except RequestError as error:
            raise error.again() from None
