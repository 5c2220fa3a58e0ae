"""The rights to load that this process holds, kept alive together."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from stampede.core.clock import loop_time
from stampede.protection.cache import Cache

TOGETHER = 1 / 12
"""What is due within this part of a lease is renewed with what is due now."""


class Keeper:
    """Renews every third of a lease what its process holds, all that is due in one step.

    One by one, thousands of renewals would wait for each other in their holder's own queue until leases are lost.
    They end with the process, so a dead holder is followed within one lease.
    """

    def __init__(self, cache: Cache, lease: float) -> None:
        self._cache = cache
        self._lease = lease
        self._due: dict[tuple[str, str], float] = {}
        self._loads: Counter[tuple[str, str]] = Counter()
        self._work: asyncio.Task[None] | None = None

    @contextmanager
    def holding(self, key: str, token: str) -> Iterator[None]:
        """Keep the token's guard or claim alive meanwhile. One that is lost is not taken again: see `Guard`.

        Several loads may be made under one token: it is kept until the last of them has ended.
        """
        right = key, token
        self._loads[right] += 1
        self._due.setdefault(right, loop_time() + self._lease / 3)
        if self._work is None or self._work.done():  # done: what was held is lost
            self._work = self._cache.tasks.spawn(self._renew_in_time())
        try:
            yield
        finally:
            self._loads[right] -= 1
            if not self._loads[right]:
                del self._loads[right]
                self._due.pop(right, None)
            if not self._due and self._work:
                self._work.cancel()
                self._work = None  # it ends later, and who holds something until then must not rely on it

    async def _renew_in_time(self) -> None:
        while self._due:
            await asyncio.sleep(max(0.0, min(self._due.values()) - loop_time()))
            now = loop_time()
            due = [right for right, moment in self._due.items() if moment <= now + self._lease * TOGETHER]
            self._due.update(dict.fromkeys(due, now + self._lease / 3))
            await self._cache.quietly(self._renew(due))

    async def _renew(self, due: list[tuple[str, str]]) -> bool:
        held = await self._cache.store.renew_all(due, self._lease)
        for right, kept in zip(due, held, strict=True):
            if not kept:
                self._due.pop(right, None)
        return all(held)
