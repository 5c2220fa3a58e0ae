"""A cap on concurrent loads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stampede.core.model import Entry
from stampede.core.ranges import Count
from stampede.protection.cache import Cache, Loader
from stampede.protection.choices import Wrapper
from stampede.protection.nesting import Places


@dataclass
class Bulkhead(Wrapper):
    """At most `limit` loads at once in each instance, over all keys; further ones queue.

    mechanism:  a semaphore around the load
    loads:      as many as without it, but never more than limit × instances at once
    waiting:    for a place, then for the load
    staleness:  as the freshness choice says
    on failure: a failed load frees its place; combine it with timeouts to bound the queueing; a load whose place only
                loads could free that wait for it (parents that load children) fails at once
    source:     Nygard, "Release It!" (bulkheads); Altinn/dialogporten#4300
    """

    rank: ClassVar[int] = 20
    limit: Count = 10

    def around_load(self, load: Loader, cache: Cache) -> Loader:
        places = Places(self.limit)

        async def in_a_place(key: str) -> Entry:
            async with places.place():
                return await load(key)

        return in_a_place
