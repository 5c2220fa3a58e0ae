"""Loads that ask for further keys, and what must not come of it: loads that wait for one another for ever.

A load runs in a context that names it, so a request knows the load that it is made for. Cycles that lead through
other processes cannot be seen from here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from stampede.core.errors import LoadError


class Places:
    """The places of a bulkhead, and the loads that hold them."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.holders: set[Loading] = set()
        self._free = asyncio.Semaphore(limit)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place, once one is free. Raises LoadError: none can become free."""
        loading = _current.get() or Loading("")
        loading.queues_for = self
        try:
            if self._free.locked():
                _refuse_if_stuck(loading, "needs a place")
            await self._free.acquire()
        finally:
            loading.queues_for = None
        self.holders.add(loading)
        try:
            yield
        finally:
            self.holders.discard(loading)
            self._free.release()


@dataclass(eq=False)
class Loading:
    """A load under way: what it waits for, if it waits."""

    key: str
    asks_for: list[tuple[Loads, str]] = field(default_factory=list)
    queues_for: Places | None = None
    ended: bool = False

    def waits_for(self) -> list[Loading]:
        """The loads without whose end it cannot go on; of a full bulkhead's holders one must end, of others all."""
        if self.queues_for is not None:
            return list(self.queues_for.holders)
        return [each for loads, key in self.asks_for for each in loads.of(key)]

    def can_go_on(self, stuck: set[Loading]) -> bool:
        """Whether it can, if these cannot."""
        if self.queues_for is not None:
            return len(self.queues_for.holders - stuck) > 0 or len(self.queues_for.holders) < self.queues_for.limit
        return stuck.isdisjoint(self.waits_for())


_current: ContextVar[Loading | None] = ContextVar("loading", default=None)


def current() -> Loading | None:
    """The load that this code runs for; None after its end, for what it has left behind in the background."""
    loading = _current.get()
    return None if loading is None or loading.ended else loading


class Loads:
    """The loads under way in one instance of a cache, by key."""

    def __init__(self) -> None:
        self._of: dict[str, set[Loading]] = {}

    def of(self, key: str) -> set[Loading]:
        """The loads of this key."""
        return self._of.get(key, set())

    @contextmanager
    def loading(self, key: str) -> Iterator[None]:
        """Around a load."""
        loading = Loading(key)
        self._of.setdefault(key, set()).add(loading)
        token = _current.set(loading)
        try:
            yield
        finally:
            _current.reset(token)
            loading.ended = True
            self._of[key].discard(loading)
            if not self._of[key]:
                del self._of[key]

    @contextmanager
    def asked(self, key: str, by: Loading) -> Iterator[None]:
        """Around a request that a load makes. Raises LoadError: it would wait for itself."""
        by.asks_for.append((self, key))
        try:
            _refuse_if_stuck(by, f"asks for {key!r}")
            yield
        finally:
            by.asks_for.remove((self, key))


def _refuse_if_stuck(loading: Loading, what: str) -> None:
    stuck = _stuck(loading)
    if loading not in stuck:
        return
    full = next((each.queues_for for each in stuck if each.queues_for is not None), None)
    if full is not None:
        why = f"all places of bulkhead(limit={full.limit}) are held by loads that wait for further ones"
        way_out = "raise the limit, or have loads get what they need elsewhere"
    else:
        why = f"that would wait for itself: {' and '.join(sorted({repr(each.key) for each in stuck}))} form a cycle"
        way_out = "have the load get what it needs elsewhere than from the cache"
    raise LoadError(f"the load of {loading.key!r} {what}, but {why}: {way_out}")


def _stuck(loading: Loading) -> set[Loading]:
    """Of this load and all that it waits for, directly or not: those that wait for one another for ever."""
    stuck: set[Loading] = set()
    looking = [loading]
    while looking:
        each = looking.pop()
        if each not in stuck:
            stuck.add(each)
            looking.extend(each.waits_for())
    while free := {each for each in stuck if each.can_go_on(stuck)}:
        stuck -= free
    return stuck
