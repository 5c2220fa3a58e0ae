"""Everybody who finds nothing loads."""

from __future__ import annotations

from dataclasses import dataclass

from stampede.core.model import Answer, Entry, Role
from stampede.core.ports import Values
from stampede.protection.choices import Coalescing
from stampede.protection.promise import Promise, Scope


@dataclass
class Unprotected(Coalescing):
    """No protection: everybody who finds nothing loads (cache-aside, unlocked).

    mechanism:  read; on a miss, load and write
    loads:      one per caller that arrives while the value is missing: min(N, λΔ)
    waiting:    Δ, which grows as the database saturates
    staleness:  as the freshness choice says; an invalidation during a load loses: what the load read before it is
                written after it, and served until T
    on failure: every caller meets the database's error by itself
    source:     the default everywhere
    """

    promise = Promise(Scope.CALLER, "they do not: they load too", fenced=False)
    needs = (Values,)

    async def load(self, key: str) -> Answer:
        return Answer(await self.cache.load_and_put(key), Role.LEADER)

    async def reload(self, key: str, old: Entry) -> Answer | None:
        return await self.load(key)
