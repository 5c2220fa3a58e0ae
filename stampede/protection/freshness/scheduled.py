"""Reload on a schedule, before anybody asks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from stampede.core.clock import loop_time
from stampede.core.errors import RequestError, StoreError, UsageError
from stampede.core.model import Entry, Notify
from stampede.core.ports import Guards, Values
from stampede.core.tasks import Boarding
from stampede.core.units import Duration
from stampede.protection.cache import Cache
from stampede.protection.choices import Freshness
from stampede.protection.fence import Fence
from stampede.protection.guard import Guard
from stampede.protection.judging import Action, Lifetime
from stampede.protection.names import office_of

LEASE_S = 1.4
PAUSE_S = 0.4
"""Between two looks at the office: a dead refresher is followed within the lease and a pause, less than 2 s."""


@dataclass
class Scheduled(Freshness):
    """One refresher in the fleet reloads all registered keys on a schedule, before anybody asks.

    mechanism:  the instances elect a refresher by a lease, which it renews while it loads; it loads every key at the
                start and then every `every`, all at once: a bulkhead spares the database that
    loads:      1 per key and `every`, whatever the traffic; a value that is invalidated or evicted between two rounds
                is missing until the next, and requests load it as the coalescing choice says
    waiting:    none for what a round has loaded
    staleness:  at most `every` + Δ, Δ the time of a whole round, as long as there is a refresher; 2Δ + 0.4 s where a
                round takes longer than `every`; an invalidation during a round wins over it
    on failure: a dead refresher is followed within 2 s, by a round at once; one that has lost its office breaks off;
                a load that fails is tried again at the next turn, and the value is served until T
    source:     "external recomputation" in Vattani et al., VLDB 2015
    """

    needs = (Values, Guards)

    every: Duration = Duration(1.0)

    def lifetime(self, ttl: float, random: Random) -> Lifetime:
        return Lifetime(ttl, ttl)

    def judge(self, entry: Entry, now: float, random: Random) -> Action:
        return Action.FRESH

    def check(self, ttl: float) -> None:
        if self.every >= ttl:
            raise UsageError(f"scheduled(every={self.every}) must be shorter than the ttl, {Duration(ttl)}")

    async def begin(self, cache: Cache, keys: Sequence[str]) -> None:
        """Stand for election; who wins has loaded every key when this returns. Raises UsageError."""
        self.check(cache.ttl)
        refresher = _Refresher(cache, keys, self.every)
        await refresher.stand()
        cache.tasks.keep(refresher.work())


class _Refresher:
    """One instance's candidate, and the refresher if it is elected."""

    def __init__(self, cache: Cache, keys: Sequence[str], every: float) -> None:
        self._cache = cache
        self._keys = keys
        self._every = every
        self._office = office_of(keys[0])
        self._token = cache.token()
        self._guard = Guard(cache, LEASE_S, Notify.PUSH)
        self._fence = Fence(cache)
        self._due = loop_time()

    async def stand(self) -> bool:
        """Take or keep the office, if it is free or ours, and do what is due; False: another one has it.

        Raises StoreError.
        """
        if not await self._in_office():
            # Whoever takes over a dead refresher's office does not know its schedule, and begins at once.
            self._due = loop_time()
            return False
        if loop_time() >= self._due:
            self._due = loop_time() + self._every
            await self._round()
        return True

    async def _in_office(self) -> bool:
        store = self._cache.store
        if await store.renew(self._office, self._token, LEASE_S):
            return True
        return await store.add(self._office, self._token, LEASE_S) == self._token

    async def _round(self) -> None:
        """Load every key, and keep the office meanwhile; without it break off, for another one has begun."""
        # One key's loader may raise anything: the round is over when all others have been loaded, too.
        loading = asyncio.gather(*(self._refresh(key) for key in self._keys), return_exceptions=True)
        try:
            while not (await asyncio.wait([loading], timeout=PAUSE_S))[0]:
                if await self._cache.quietly(self._in_office()) is False:
                    return
        finally:
            if loading.cancel():  # nobody will ask how it ended, of which asyncio would complain
                loading.add_done_callback(lambda ended: ended.cancelled() or ended.exception())

    async def _refresh(self, key: str) -> None:
        token = self._cache.token()
        with contextlib.suppress(RequestError):  # counted, and tried again at the next turn
            with self._guard.giving_back(key, token):  # a round may be broken off here
                holder = await self._cache.store.add(key, token, LEASE_S)
            if holder == token:
                await self._guard.load(key, token, Boarding())
            else:  # a request loads it: what is loaded now is as good, and as void after an invalidation
                await self._fence.load(key, holder, Boarding())

    async def work(self) -> None:
        """Stand again and again, until cancelled; then leave the office to others."""
        in_office = True
        try:
            while True:
                # A round that took longer than `every` is followed by the next without a pause.
                rest = max(0.0, self._due - loop_time())
                await asyncio.sleep(min(rest, PAUSE_S) if in_office else PAUSE_S)
                in_office = False
                with contextlib.suppress(StoreError):
                    in_office = await self.stand()
        finally:
            await self._cache.quietly(self._cache.store.drop(self._office, self._token))
