"""What a cache counts, and whom it tells."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from stampede.core.errors import RequestError
from stampede.core.model import Role
from stampede.protection.counters import Counters

_log = logging.getLogger("stampede")


@dataclass(frozen=True)
class Counts:
    """What one cache has counted since it was made; of one process, not of the fleet.

    The first five are the answers to all `get`: found fresh, found stale, waited for another's load, loaded, and
    failed. `loads` also counts those behind the callers' backs, and `load_errors` those of them that failed.
    `degraded`: flights that went on without Redis; `fenced`: fills that an invalidation has kept out, or that came
    after their lease; `store_errors`: steps in Redis that failed without costing a caller its answer.
    """

    hits: int = 0
    stale: int = 0
    waits: int = 0
    leads: int = 0
    errors: int = 0
    loads: int = 0
    load_errors: int = 0
    invalidations: int = 0
    degraded: int = 0
    fenced: int = 0
    store_errors: int = 0


class Answered(NamedTuple):
    """A `get` has ended after so many seconds: `role` says how it was answered, or `error` why it was not."""

    key: str
    seconds: float
    role: Role | None = None
    error: RequestError | None = None


class LoadEnded(NamedTuple):
    """A loader has ended after so many seconds."""

    key: str
    seconds: float
    failed: bool


class Invalidated(NamedTuple):
    """A key was invalidated by this process."""

    key: str


Event = Answered | LoadEnded | Invalidated
Hook = Callable[[Event], None]
"""Called on the cache's event loop: it must not block. What it raises is logged, and harms no caller."""


class Events:
    """Counts, and passes on to hooks. `took` is told of the loads only: their seconds, and whether they failed."""

    def __init__(self, hooks: Iterable[Hook]) -> None:
        self._hooks = tuple(hooks)
        self.took: Callable[[float, bool], None] | None = None
        self._roles = [0] * len(Role)
        self._loads = self._load_errors = self._invalidations = 0
        self.wanted = bool(self._hooks)

    def answered(self, role: Role) -> None:
        """Count an answer; `tell` is for those who want to know more."""
        self._roles[role] += 1

    def loaded(self, key: str, seconds: float, failed: bool) -> None:
        """A load has ended."""
        self._loads += 1
        self._load_errors += failed
        if self.took is not None:
            self.took(seconds, failed)
        if self.wanted:
            self.tell(LoadEnded(key, seconds, failed))

    def invalidated(self, key: str) -> None:
        """A key was invalidated here."""
        self._invalidations += 1
        if self.wanted:
            self.tell(Invalidated(key))

    def tell(self, event: Event) -> None:
        """Call every hook."""
        for hook in self._hooks:
            try:
                hook(event)
            except Exception:
                _log.exception("a hook of the cache failed at %s", event)

    def counts(self, counters: Counters) -> Counts:
        """All counts so far, with those of the protection."""
        return Counts(
            hits=self._roles[Role.HIT],
            stale=self._roles[Role.STALE],
            waits=self._roles[Role.WAITER],
            leads=self._roles[Role.LEADER] + self._roles[Role.VOLUNTEER],
            errors=self._roles[Role.ERROR],
            loads=self._loads,
            load_errors=self._load_errors,
            invalidations=self._invalidations,
            degraded=counters.degraded,
            fenced=counters.fenced_fills,
            store_errors=counters.store_errors,
        )
