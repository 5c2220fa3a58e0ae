"""The owner's id sits in the value's own place while it loads."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import ClassVar

from stampede.core.model import Answer, Entry, Filled, Notify, Role
from stampede.core.ports import Claims, Guards, News, Values
from stampede.core.units import Duration
from stampede.protection.choices import Coalescing
from stampede.protection.claim import Claim
from stampede.protection.guard import Guard
from stampede.protection.news import hear
from stampede.protection.owner import OwnerMarker
from stampede.protection.promise import Promise, Scope

SETTLE_S = 0.001
UNDER_WAY_S = 0.02
CLAIM_MARKERS = 2
"""A claim lives for so many markers unless it is renewed: its owner may live on and not be able to take it back."""


@dataclass
class Placeholder(Coalescing):
    """The owner's id sits in the value's own place while it loads, and a marker says that the owner lives.

    mechanism:  a miss puts a token there unless something is, or a reload is under way; its owner renews it, and a
                marker of its own, loads, and writes the value over the token by compare-and-set; the others wait for
                a message. A reload, for which there is a value in that place, holds a guard beside it: one lock
    loads:      1 in the fleet per expiry, unless the owner's event loop is blocked, or behind, for its marker's life
    waiting:    Δ and one round trip to read the value
    staleness:  as the freshness choice says; a delete removes the token, so an older value cannot be written
    on failure: a dead owner is noticed within its marker's life, its token removed by compare-and-delete, and the
                load taken over; an error is published and reaches all waiters of all processes, once, as does a
                value that could not be written; where Redis refuses even that, every waiting process loads once; a
                claim that cannot be taken back (Redis has become read-only, say) ends within two markers' lives
    source:     redis/rueidis `rueidisaside`
    """

    promise = Promise(Scope.FLEET, "for a message; the owner's id sits in the value's place meanwhile", fenced=True)
    needs = (Values, Guards, Claims, News)
    excludes: ClassVar[dict[str, str]] = {
        "fail-safe": "the placeholder takes the place of the old value that fail-safe keeps",
        "timeouts": "the placeholder takes the place of the old value that a soft timeout serves",
    }
    marker: Duration = Duration(2.0)
    _owner: OwnerMarker = field(init=False)
    _claim: Claim = field(init=False)
    _guard: Guard = field(init=False)

    def __post_init__(self) -> None:
        self._owner = OwnerMarker(self.cache, self.marker)
        self._claim = Claim(self.cache, CLAIM_MARKERS * self.marker)
        self._guard = Guard(self.cache, self.marker, Notify.WAKE)

    async def load(self, key: str) -> Answer:
        store, token = self.cache.store, f"{self.cache.owner}/{self.cache.token()}"
        await self._owner.announce()
        # Watch before claiming: a fill between the answer and the watch would go unheard.
        news, waited = store.watch(key), False
        holders: set[str] = set()
        while True:
            with self._claim.giving_back(key, token):
                look = await store.claim(key, token, self._claim.life)
                if waited and look.holder == token:
                    # Who wins what it waited for may have missed why it is free.
                    await hear(store, news, holders, UNDER_WAY_S)
            if look.holder == token:
                return await self._claim.lead(key, token)
            if look.holder is not None:
                holders.add(look.holder)
                await self._wait(key, look.holder, news)
                ended = await hear(store, news, holders)
                if ended is not None and ended.entry is not None:  # it was not written: what was, is read
                    return Answer(ended.entry, Role.WAITER)
                if ended is not None and ended.unshared:
                    return await self._claim.alone(key, ended.token or "")
                waited = not news.done()
                news = news if waited else store.watch(key)
            elif look.entry is not None and self.cache.usable(look.entry):
                return Answer(look.entry, Role.WAITER)
            else:  # it has expired by our clock, and will have by the store's in a moment
                await asyncio.sleep(SETTLE_S)

    async def _wait(self, key: str, holder: str, news: asyncio.Future[Filled]) -> None:
        """Until there is news, or time to look again: the holder may be dead, or a message lost."""
        await self.cache.store.listen(news, self.marker / 2)
        owner, claimed, _ = holder.partition("/")  # a reload's guard names no owner, and ends by itself
        if claimed and not news.done() and not await self._owner.lives(owner):
            await self.cache.store.unclaim(key, holder, None)

    async def reload(self, key: str, old: Entry) -> Answer | None:
        return await self._guard.reload(key, old)
