"""Stale-while-revalidate."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from stampede.core.model import Entry
from stampede.core.units import Duration
from stampede.protection.choices import Freshness
from stampede.protection.judging import Action, Lifetime


@dataclass
class Swr(Freshness):
    """Stale-while-revalidate: after T the old value is served at once and reloaded behind the caller's back.

    mechanism:  the value is stale after T and expires after T + grace; the first to find it stale has it reloaded
    loads:      as the coalescing choice says, once per T under traffic
    waiting:    none while the value is stale; a key that nobody asked for during its grace is a cold key
    staleness:  at most T + grace + Δ, and about T + 2Δ under traffic
    on failure: the stale value is served until its grace is over
    source:     RFC 5861; Varnish grace, nginx `proxy_cache_use_stale updating`, Laravel `Cache::flexible`
    """

    grace: Duration = Duration(5.0)

    def lifetime(self, ttl: float, random: Random) -> Lifetime:
        return Lifetime(ttl, ttl + self.grace)

    def judge(self, entry: Entry, now: float, random: Random) -> Action:
        return Action.BEHIND if now >= entry.stale_at else Action.FRESH
