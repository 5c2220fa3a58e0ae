"""Reload shortly before the time to live is over."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from stampede.core.model import Entry
from stampede.core.ranges import Fraction
from stampede.protection.choices import Freshness
from stampede.protection.judging import Action, Lifetime


@dataclass
class RefreshAhead(Freshness):
    """The first hit late in a value's life has it reloaded behind the caller's back.

    mechanism:  from `at` (a share of T) on, a hit is answered at once and starts a reload
    loads:      as the coalescing choice says, once per T under traffic
    waiting:    none under traffic; a key that nobody asks for between `at` and T is a cold key
    staleness:  at most T + Δ, and about at · T + 2Δ under traffic
    on failure: the value is served until T, and every later hit tries again
    source:     FusionCache eager refresh, JetCache `@CacheRefresh`, Caffeine `refreshAfterWrite`
    """

    at: Fraction = 0.8

    def lifetime(self, ttl: float, random: Random) -> Lifetime:
        return Lifetime(ttl, ttl)

    def judge(self, entry: Entry, now: float, random: Random) -> Action:
        ahead = entry.loaded_at + self.at * (entry.expires_at - entry.loaded_at)
        return Action.BEHIND if now >= ahead else Action.FRESH
